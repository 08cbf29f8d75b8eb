/** Names of key containers: `Type\Name\Key`, as a crypto checkpoint names them (facts: wsfc-facts.md §3.1). */
import { fail, type Failure } from "../base/errors.ts";
import { foldName } from "../tree/path.ts";

/** The three parts of a container's name. */
export interface ContainerName {
  /** The provider type as a number: 1 is PROV_RSA_FULL, 24 PROV_RSA_AES. */
  readonly type: number;
  /** The provider's name; "" is the default one of the type. */
  readonly provider: string;
  /** The container's own name. */
  readonly key: string;
}

const longest = 260;

/** `1\\MyKey` is the key MyKey of the default provider of type 1. INVALID_NAME for anything that is no such name. */
export function parseContainerName(text: string): ContainerName {
  const parts = text.split("\\");
  const [type = "", provider = "", key = ""] = parts;
  if (parts.length !== 3 || !/^(0|[1-9]\d{0,9})$/.test(type)) throw badName(text);
  const name = { type: Number(type), provider, key };
  checkContainerName(name);
  return name;
}

/** `Type\Name\Key`. */
export function formatContainerName({ type, provider, key }: ContainerName): string {
  return `${type}\\${provider}\\${key}`;
}

/** INVALID_NAME unless key and provider are at most 260 units without `\` and NUL, and the key is not empty. */
export function checkContainerName(name: ContainerName): void {
  const { type, provider, key } = name;
  const texts = [provider, key].every((text) => text.length <= longest && !/[\\\0]/.test(text));
  if (!texts || key === "" || !Number.isInteger(type) || type < 0 || type > 0xffff_ffff) {
    throw badName(formatContainerName(name));
  }
}

/** What tells containers apart: upper and lower case don't. */
export function foldContainerName(name: ContainerName): string {
  return foldName(formatContainerName(name));
}

function badName(text: string): Failure {
  return fail("INVALID_NAME", {
    happened: `"${text.slice(0, 120)}" is not the name of a key container.`,
    unchanged: "Nothing was changed.",
    next: 'Write it as "Type\\Name\\Key" with the provider type as a decimal number, for example "1\\\\MyKey".',
  });
}
