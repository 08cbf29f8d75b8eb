/** Written addresses as numbers. */

/** "10.0.0.5" as a number; undefined for what is none. A leading zero would be octal to `ip` (inet_aton(3)), so it is refused. */
export function ipv4Number(address: string): number | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(address)) return undefined;
  const parts = address.split(".").map(Number);
  return parts.every((part) => part < 256) ? parts.reduce((sum, part) => sum * 256 + part, 0) : undefined;
}

/** The 128 bits of an IPv6 address; undefined for what is none. */
export function ipv6Number(address: string): bigint | undefined {
  if (!/^[\da-f.:]+$/i.test(address) || !URL.canParse(`http://[${address}]/`)) return undefined;
  const [head = "", tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined): string[] => (text === undefined || text === "" ? [] : text.split(":"));
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  return all.reduce((number, group) => (number << 16n) + BigInt(`0x${group}`), 0n);
}
