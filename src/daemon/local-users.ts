/** Which user of this machine is who to the cluster. Names and numbers are the machine's, as getent(1) tells them. */
import type { ApiCaller } from "../api/route-rights.ts";
import type { Outside } from "../base/outside.ts";
import type { PeerCredentials } from "../base/outside-node-kernel.ts";
import type { Key } from "../tree/key.ts";
import { allRights, localPrefix, type Right, trustedUsers } from "../trust/trust.ts";
import { runCommand } from "../vss/providers/command.ts";

/** How long a name keeps its number here, in milliseconds. */
const keptFor = 10_000;
/** More answers than this are not kept. */
const mostKept = 1000;

/** Asks the machine for names. */
export class LocalUsers {
  readonly #outside: Outside;
  readonly #answers = new Map<string, { readonly until: number; readonly line: Promise<string> }>();

  constructor(outside: Outside) {
    this.#outside = outside;
  }

  /** Root and the service's own user may do everything, as at the node's own socket; others what the cluster gave them or their groups. */
  async callerOf(tree: Key, { uid, gids, pid }: PeerCredentials, path: string): Promise<ApiCaller> {
    const from = `${path} uid ${uid} pid ${pid}`;
    const name = (await this.#line("passwd", String(uid))).split(":")[0] || String(uid);
    if (uid === 0 || uid === process.geteuid?.()) return { who: `local:${name}`, from, rights: allRights };
    const rights = new Set<Right>();
    for (const user of trustedUsers(tree)) {
      if (!user.name.startsWith(localPrefix)) continue;
      const wanted = user.name.slice(localPrefix.length);
      const isHis = wanted.startsWith("@")
        ? gids.includes((await this.groupNumber(wanted.slice(1))) ?? -1)
        : (await this.#number("passwd", wanted)) === uid;
      if (isHis) for (const right of user.rights) rights.add(right);
    }
    return { who: `local:${name}`, from, rights: allRights.filter((right) => rights.has(right)) };
  }

  /** undefined when the machine has no such group. */
  groupNumber(group: string): Promise<number | undefined> {
    return this.#number("group", group);
  }

  async #number(base: string, name: string): Promise<number | undefined> {
    const [found, , id] = (await this.#line(base, name)).split(":");
    // getent takes a number for a name, too.
    return found === name && id !== undefined && /^\d+$/.test(id) ? Number(id) : undefined;
  }

  #line(base: string, name: string): Promise<string> {
    const key = `${base} ${name}`;
    const now = this.#outside.clock.boot();
    const known = this.#answers.get(key);
    if (known !== undefined && now < known.until) return known.line;
    if (this.#answers.size >= mostKept) this.#answers.clear();
    const line = runCommand(this.#outside, "getent", [base, name]).then(({ lines }) => lines[0] ?? "");
    this.#answers.set(key, { until: now + keptFor, line });
    return line;
  }
}
