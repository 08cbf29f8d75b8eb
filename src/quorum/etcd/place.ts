/** How the place of an etcd quorum is written, and its keys (docs/formats/etcd.md). */
import { fail } from "../../base/errors.ts";
import type { Proof } from "../quorum.ts";
import { versionFile } from "../rules.ts";

/** What follows `etcd:`. Paths are absolute; nothing in it is secret. */
export interface EtcdPlace {
  /** `host:port`, at least one. */
  readonly endpoints: readonly string[];
  readonly tls: boolean;
  /** All keys begin with it; no slash at the end. One cluster, one prefix. */
  readonly prefix: string;
  /** Upper bound of etcd's election timeout, milliseconds; undefined until a cluster was formed or joined. */
  readonly election: number | undefined;
  /** PEM files: the authority, this node's certificate and its key. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly user: string | undefined;
  /** A file whose first line is the password; else the environment has it in CLUBAR_ETCD_PASSWORD. */
  readonly passwordFile: string | undefined;
}

const scheme = "etcd:";
const defaultPrefix = "/clubar";
const defaultPort = 2379;

const passwordRule = "a password stands in a file (password-file=PATH) or in CLUBAR_ETCD_PASSWORD, never in the place";

/** Whether a quorum's place is on etcd. */
export function isEtcdPlace(place: string): boolean {
  return place.startsWith(scheme);
}

/** `etcd:https://a:2379,b:2379?prefix=/x`. Fails with INVALID_PARAMETER saying what is wrong. */
export function parseEtcdPlace(place: string): EtcdPlace {
  // Nothing of it is repeated: what stands before "@" may be a password.
  if (/^etcd:[^?]*@|:\/\/[^/]*:[^/]*@/.test(place)) throw wrongPlace("etcd:…", passwordRule);
  const [addresses, query] = split(place.slice(scheme.length), "?");
  const parts = addresses.split(",").map((part) => part.trim());
  const schemes = new Set(parts.map((part) => /^([a-z]+):\/\//.exec(part)?.[1]).filter((one) => one !== undefined));
  if (!isEtcdPlace(place) || schemes.size > 1) throw wrongPlace(place, "all endpoints are http or all are https");
  const tls = [...schemes][0] !== "http";
  if (schemes.size === 1 && !schemes.has("http") && !schemes.has("https")) {
    throw wrongPlace(place, "an endpoint begins with http:// or https://");
  }
  const endpoints = parts.map((part) => endpointOf(place, part.replace(/^https?:\/\//, "").replace(/\/$/, "")));
  const options = optionsOf(place, query);
  const prefix = (options.get("prefix") ?? defaultPrefix).replace(/\/+$/, "");
  if (!/^\/[0-9A-Za-z._/-]+$/.test(prefix)) {
    throw wrongPlace(place, "the prefix begins with a slash and has letters, digits, dots, dashes and slashes");
  }
  const election = options.get("election");
  if (election !== undefined && !/^[1-9][0-9]{1,5}$/.test(election)) {
    throw wrongPlace(place, "election is etcd's election timeout in milliseconds");
  }
  if ((options.get("cert") === undefined) !== (options.get("key") === undefined)) {
    throw wrongPlace(place, "cert and key go together");
  }
  return {
    endpoints,
    tls,
    prefix,
    election: election === undefined ? undefined : Number(election),
    ca: options.get("ca"),
    cert: options.get("cert"),
    key: options.get("key"),
    user: options.get("user"),
    passwordFile: options.get("password-file"),
  };
}

/** The inverse of `parseEtcdPlace`. */
export function formatEtcdPlace(place: EtcdPlace): string {
  const { endpoints, tls, prefix, election, ca, cert, key, user, passwordFile } = place;
  const options = { prefix, election, ca, cert, key, user, "password-file": passwordFile };
  const query = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encode(String(value))}`],
  );
  return `${scheme}${tls ? "https" : "http"}://${endpoints.join(",")}?${query.join("&")}`;
}

function encode(value: string): string {
  return encodeURIComponent(value).replaceAll("%2F", "/");
}

const pathOptions = ["ca", "cert", "key", "password-file"];
const optionNames = ["prefix", "election", "user", ...pathOptions];

function optionsOf(place: string, query: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const part of query === "" ? [] : query.split("&")) {
    const [name, value] = split(part, "=");
    if (name === "password") {
      throw wrongPlace("etcd:…", passwordRule);
    }
    if (!optionNames.includes(name) || value === "")
      throw wrongPlace(place, `what follows "?" is of ${optionNames.join(", ")}, as name=value`);
    const decoded = decodeValue(place, value);
    if (pathOptions.includes(name) && !decoded.startsWith("/")) throw wrongPlace(place, `${name} is an absolute path`);
    options.set(name, decoded);
  }
  return options;
}

function decodeValue(place: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw wrongPlace(place, `"${value}" is not encoded as in a URL`);
  }
}

function endpointOf(place: string, text: string): string {
  const match = /^([0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) throw wrongPlace(place, `"${text}" is no host:port`);
  if (Number(match[2] ?? defaultPort) > 65_535) throw wrongPlace(place, `${match[2]} is no port`);
  return `${match[1]}:${match[2] ?? defaultPort}`;
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function wrongPlace(place: string, rule: string): Error {
  return fail("INVALID_PARAMETER", {
    happened: `"${place}" is not the place of a quorum on etcd: ${rule}.`,
    unchanged: "Nothing was changed.",
    next: "Write it as etcd:https://a:2379,b:2379,c:2379?prefix=/clubar/NAME (docs/manual/etcd.md).",
  });
}

/** The keys of one generation; all begin with `root`. */
export interface GenerationKeys {
  /** `1-<lineage>` */
  readonly name: string;
  /** Names the generation in force; outside of `root`. */
  readonly current: string;
  /** With a slash at its end. */
  readonly root: string;
  readonly identity: string;
  /** Names the cluster key that seals. */
  readonly sealing: string;
  /** The claim in force: who may write. */
  readonly leader: string;
  /** Names the newest snapshot. */
  readonly log: string;
  /** Updates after it begin with this. */
  readonly records: string;
  readonly record: (sequence: number) => string;
  readonly claims: string;
  readonly claim: (epoch: number) => string;
  readonly counter: (epoch: number) => string;
  readonly resigned: (epoch: number) => string;
  readonly proofs: string;
  readonly proof: (proof: Proof) => string;
  readonly versions: string;
  readonly version: (resource: string, number: number) => string;
  readonly chunks: string;
  readonly chunk: (id: string, index: number) => string;
  readonly pendings: string;
  readonly pending: (id: string) => string;
}

const digits = (number: number, count: number): string => String(number).padStart(count, "0");

/** The key that names the generation in force. */
export function currentKey(prefix: string): string {
  return `${prefix}/current`;
}

/** Keys about moves of the cluster to and from here; outside of every generation. */
export const moveKeys: (
  prefix: string,
) => Record<"root" | "lock" | "plan" | "departure" | "sealed" | "retired", string> = (prefix) => ({
  root: `${prefix}/move/`,
  lock: `${prefix}/move/lock`,
  plan: `${prefix}/move/plan`,
  departure: `${prefix}/move/departure`,
  sealed: `${prefix}/current.moving`,
  retired: `${prefix}/current.retired`,
});

/** Its presence says that a generation must never be put in force. */
export function givenUpKey(prefix: string, name: string): string {
  return `${prefix}/move/given-up/${name}`;
}

/** What all generations' keys begin with. */
export function generationsKey(prefix: string): string {
  return `${prefix}/generation/`;
}

/** The keys of the generation `name`. */
export function generationKeys(prefix: string, name: string): GenerationKeys {
  const root = `${generationsKey(prefix)}${name}/`;
  return {
    name,
    current: currentKey(prefix),
    root,
    identity: `${root}identity`,
    sealing: `${root}sealing`,
    leader: `${root}leader`,
    log: `${root}log`,
    records: `${root}record/`,
    record: (sequence) => `${root}record/${digits(sequence, 16)}`,
    claims: `${root}claim/`,
    claim: (epoch) => `${root}claim/${digits(epoch, 8)}`,
    counter: (epoch) => `${root}counter/${digits(epoch, 8)}`,
    resigned: (epoch) => `${root}resigned/${digits(epoch, 8)}`,
    proofs: `${root}proof/`,
    proof: ({ node, incarnation }) => `${root}proof/${node}.${incarnation}`,
    versions: `${root}version/`,
    version: (resource, number) => `${root}version/${resource}/${versionFile({ number, kind: "CPT" }).slice(0, 8)}`,
    chunks: `${root}chunk/`,
    chunk: (id, index) => `${root}chunk/${id}/${digits(index, 6)}`,
    pendings: `${root}pending/`,
    pending: (id) => `${root}pending/${id}`,
  };
}
