/**
 * Addresses of nodes on the network, as texts: `HOST:PORT` (`[HOST]:PORT` for IPv6) for one, `tls:NODE@HOST:PORT,HOST:PORT…` for all
 * those of a node. A path is a socket of this machine.
 */
import { fail, type Failure } from "./errors.ts";

/** One address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** All addresses of one process of a node. */
export interface TlsAddress {
  /** Node id. */
  readonly node: string;
  readonly places: readonly HostPort[];
}

/** How many ports behind a service's own its host answers. */
export const hostPortOffset = 1;

/** The highest port of a service: its host takes the next one. */
const highestOfService = 65_534;

/**
 * INVALID_PARAMETER for anything but HOST:PORT with a port that a service may have, and for addresses that mean all or none: others must be
 * able to reach it there.
 */
export function parseHostPort(text: string, highest: number = highestOfService): HostPort {
  const [, bracketed, plain, digits = ""] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const isAll = /^(0+(\.0+){0,3}|[0:]+)$/.test(host ?? "");
  if (host !== undefined && !isAll && port >= 1 && port <= highest) return { host, port };
  throw notAnAddress(text);
}

/** The text that `parseHostPort` reads. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether an address is on the network and no socket's path. */
export function isTlsAddress(address: string): boolean {
  return address.startsWith("tls:");
}

/** INVALID_PARAMETER. */
export function parseTlsAddress(address: string): TlsAddress {
  const [, node, list = ""] = /^tls:(\d+)@(.+)$/.exec(address) ?? [];
  if (node === undefined) throw notAnAddress(address);
  return { node, places: list.split(",").map((place) => parseHostPort(place, highestOfService + hostPortOffset)) };
}

/** The text that `parseTlsAddress` reads; `offset` is added to the ports. */
export function formatTlsAddress(node: string, places: readonly HostPort[], offset = 0): string {
  return `tls:${node}@${places.map(({ host, port }) => formatHostPort({ host, port: port + offset })).join(",")}`;
}

function notAnAddress(text: string): Failure {
  return fail("INVALID_PARAMETER", {
    happened: `"${text}" is no address HOST:PORT.`,
    unchanged: "Nothing was changed.",
    next: "Write the name or IP address under which others reach it and a port below 65535: 10.0.0.1:7400, [fd00::1]:7400.",
  });
}
