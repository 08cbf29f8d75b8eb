/**
 * Machines on one machine: network namespaces that meet on several networks (bridges in a namespace of their own, the hub), whose links can
 * be cut, made lossy, one-sided or slow, and whose processes can be frozen together. Everything goes with the processes that hold it, so
 * nothing is left when a test is killed, but empty cgroups.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { waitFor } from "./wait-for.ts";

const needed = ["unshare", "nsenter", "setpriv", "ip", "nft"];
const path = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

const trial = `ip link add lan0 type bridge && ip link add veth0 type veth peer name veth1 && nft -f - <<'END'
table inet t {
  chain c {
    type filter hook input priority 0;
    numgen random mod 100 < 30 drop
  }
}
END`;

/** Why there can be no such machines here; false when there can. */
export function whyNoNamespaces(): string | false {
  if (process.getuid?.() !== 0) return "network namespaces are for root";
  const missing = needed.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`], { env: path }).status !== 0);
  if (missing.length > 0) return `there is no ${missing.join(", ")} here (Debian: iproute2, nftables, util-linux)`;
  const tried = spawnSync("unshare", ["--net", "sh", "-c", trial], { env: path, encoding: "utf8" });
  if (tried.status !== 0)
    return `this kernel has no namespaces with bridges, veths and nftables: ${tried.stderr.trim()}`;
  return freezer() === undefined ? "this kernel has no freezer of cgroups that can be used" : false;
}

interface Freezer {
  readonly root: string;
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
  readonly isFrozen: (folder: string) => boolean;
}

const freezers: readonly Freezer[] = [
  {
    root: "/sys/fs/cgroup/freezer",
    file: "freezer.state",
    frozen: "FROZEN",
    thawed: "THAWED",
    isFrozen: (folder) => readFileSync(`${folder}/freezer.state`, "utf8").trim() === "FROZEN",
  },
  ...["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map((root) => ({
    root,
    file: "cgroup.freeze",
    frozen: "1",
    thawed: "0",
    isFrozen: (folder: string) => /^frozen 1$/m.test(readFileSync(`${folder}/cgroup.events`, "utf8")),
  })),
];

/** Of version 1, else of version 2. */
function freezer(): Freezer | undefined {
  return freezers.find(({ root, file }) => {
    const probe = `${root}/clubar-probe-${process.pid}`;
    try {
      mkdirSync(probe);
      const works = existsSync(`${probe}/${file}`);
      rmdirSync(probe);
      return works;
    } catch {
      return false;
    }
  });
}

/** What becomes of a machine's packets; `percent` 100 unless given, on all its networks unless `lan` names one. */
export interface Drop {
  readonly direction: "in" | "out";
  readonly percent?: number;
  readonly lan?: number;
}

class Namespace {
  readonly pid: number;
  readonly #holder: ChildProcess;

  constructor() {
    this.#holder = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"], {
      env: path,
      stdio: "ignore",
    });
    assert.ok(this.#holder.pid);
    this.pid = this.#holder.pid;
  }

  async ready(): Promise<void> {
    const own = readlinkSync("/proc/self/ns/net");
    const isOther = (): boolean => readFileSync(`/proc/${this.pid}/comm`, "utf8") === "sleep\n";
    await waitFor("a network namespace is there", isOther, 30_000);
    assert.notEqual(readlinkSync(`/proc/${this.pid}/ns/net`), own);
  }

  get words(): readonly string[] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`];
  }

  /** Lines for `ip -batch`. */
  ip(...lines: readonly string[]): void {
    this.run(["ip", "-batch", "-"], `${lines.join("\n")}\n`);
  }

  /** Its standard output. */
  run(words: readonly string[], input = ""): string {
    const [program = "", ...args] = [...this.words, ...words];
    return execFileSync(program, args, { env: path, input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  }

  close(): void {
    this.#holder.kill("SIGKILL");
  }
}

/** Machines 1, 2 … on networks 0, 1 …; machine M has address 10.(77+network).0.M there, the hub 10.(77+network).0.254. */
export class TestNetwork {
  readonly lans: readonly number[];
  readonly #hub = new Namespace();
  readonly #machines: readonly Namespace[];
  readonly #relays = new Map<string, ChildProcess>();
  readonly #freezer = freezer();

  private constructor(machines: number, lans: number) {
    this.lans = Array.from({ length: lans }, (_, lan) => lan);
    this.#machines = Array.from({ length: machines }, () => new Namespace());
  }

  /** Rejects where `whyNoNamespaces` says why. */
  static async open(machines: number, lans = 2): Promise<TestNetwork> {
    const made = new TestNetwork(machines, lans);
    await Promise.all([made.#hub, ...made.#machines].map((one) => one.ready()));
    const bridges = made.lans.flatMap((lan) => [
      `link add lan${lan} type bridge`,
      `address add ${made.hubAddress(lan)}/24 dev lan${lan}`,
      `link set lan${lan} up`,
    ]);
    const links = made.#machines.flatMap(({ pid }, index) =>
      made.lans.flatMap((lan) => [
        `link add ${portOf(index + 1, lan)} type veth peer name eth${lan} netns ${pid}`,
        `link set ${portOf(index + 1, lan)} master lan${lan} up`,
      ]),
    );
    made.#hub.ip("link set lo up", ...bridges, ...links);
    for (const [index, machine] of made.#machines.entries()) {
      const addresses = made.lans.flatMap((lan) => [
        `address add ${made.address(index + 1, lan)}/24 dev eth${lan}`,
        `link set eth${lan} up`,
      ]);
      machine.ip("link set lo up", ...addresses);
      mkdirSync(made.#folder(index + 1), { recursive: true });
    }
    return made;
  }

  address(machine: number, lan: number): string {
    return `10.${77 + lan}.0.${machine}`;
  }

  /** Where what all machines share is reached. */
  hubAddress(lan: number): string {
    return `10.${77 + lan}.0.254`;
  }

  /** Words before a command that runs on a machine: in its namespace, and frozen with it. */
  on(machine: number): readonly string[] {
    const enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"';
    return ["sh", "-c", enter, this.#folder(machine), ...this.#machine(machine).words];
  }

  /** The same for the hub, which is never frozen. */
  get onHub(): readonly string[] {
    return this.#hub.words;
  }

  /** Pulls a machine's cable out of a network, or out of all. */
  cut(machine: number, ...lans: readonly number[]): void {
    this.#hub.ip(...this.#ports(machine, lans).map((port) => `link set ${port} down`));
  }

  /** Puts it in again. */
  mend(machine: number, ...lans: readonly number[]): void {
    this.#hub.ip(...this.#ports(machine, lans).map((port) => `link set ${port} up`));
  }

  /** Loses packets of a machine from now on, in the place of what it lost before; nothing for no drops. */
  drop(machine: number, ...drops: readonly Drop[]): void {
    const chain = (direction: Drop["direction"]): string => {
      const rules = drops
        .filter((drop) => drop.direction === direction)
        .map(({ percent = 100, lan }) => {
          const which = lan === undefined ? "" : `${direction === "in" ? "iifname" : "oifname"} "eth${lan}" `;
          return `${which}${percent >= 100 ? "" : `numgen random mod 100 < ${percent} `}counter drop`;
        });
      const lo = direction === "in" ? 'iifname "lo" accept' : 'oifname "lo" accept';
      const head = `type filter hook ${direction}put priority 0;`;
      return `chain ${direction}going {\n${[head, lo, ...rules].join("\n")}\n}`;
    };
    const table = "table inet clubar";
    this.#machine(machine).run(
      ["nft", "-f", "-"],
      `${table}\ndelete ${table}\n${table} {\n${chain("in")}\n${chain("out")}\n}\n`,
    );
  }

  /** How many packets `drop` has lost so far. */
  dropped(machine: number): number {
    const listed = this.#machine(machine).run(["nft", "list", "table", "inet", "clubar"]);
    return [...listed.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** How many connections over TCP a machine has to others on a network. */
  connections(machine: number, lan: number): number {
    const subnet = `${this.address(0, lan)}/24`;
    const listed = this.#machine(machine).run(["ss", "-Htn", "state", "established", "dst", subnet]);
    return listed.split("\n").filter((line) => line.trim() !== "").length;
  }

  /** Every frame of a machine on a network comes so many milliseconds late, each way. */
  async delay(machine: number, lan: number, ms: number): Promise<void> {
    const port = portOf(machine, lan);
    this.#hub.ip(
      `link set ${port} nomaster`,
      `link add slow${port} type veth peer name far${port}`,
      `link set far${port} master lan${lan} up`,
      `link set slow${port} up`,
    );
    const program = fileURLToPath(new URL("../programs/delay-relay.mjs", import.meta.url));
    const words = [...this.onHub, process.execPath, program, port, `slow${port}`, String(ms)];
    const relay = spawn("setpriv", ["--pdeathsig", "KILL", ...words], {
      env: path,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#relays.set(port, relay);
    const [said] = (await Promise.race([once(relay.stdout, "data"), once(relay, "exit")])) as [unknown];
    assert.equal(String(said), "ready\n");
  }

  /** At once again; how many frames came late. */
  async undelay(machine: number, lan: number): Promise<number> {
    const port = portOf(machine, lan);
    const relay = this.#relays.get(port);
    assert.ok(relay);
    const said = once(relay.stdout ?? relay, "data") as Promise<unknown[]>;
    relay.kill("SIGTERM");
    const [frames] = await said;
    this.#relays.delete(port);
    this.#hub.ip(`link delete slow${port}`, `link set ${port} master lan${lan}`);
    return Number(String(frames));
  }

  /** No process of the machine runs any more, and no packet of it arrives. */
  async powerOff(machine: number): Promise<void> {
    this.cut(machine);
    await this.freeze(machine);
  }

  /** What was frozen goes on where it was, with its cables in. */
  thawWithCables(machine: number): void {
    this.mend(machine);
    this.thaw(machine);
  }

  async freeze(machine: number): Promise<void> {
    const folder = this.#folder(machine);
    this.#freezerWrites(machine, "frozen");
    await waitFor(`machine ${machine} is frozen`, () => this.#freezer?.isFrozen(folder), 30_000);
  }

  thaw(machine: number): void {
    this.#freezerWrites(machine, "thawed");
  }

  /** Before the processes on the machines are ended: nobody dies while frozen. */
  thawAll(): void {
    for (const index of this.#machines.keys()) this.thaw(index + 1);
  }

  /** When everything on the machines has ended. */
  close(): void {
    for (const relay of this.#relays.values()) relay.kill("SIGKILL");
    for (const one of [this.#hub, ...this.#machines]) one.close();
    for (const index of this.#machines.keys()) {
      try {
        removeGroup(this.#folder(index + 1));
      } catch {
        // Somebody of it is about to end.
      }
    }
  }

  #ports(machine: number, lans: readonly number[]): readonly string[] {
    return (lans.length === 0 ? this.lans : lans).map((lan) => portOf(machine, lan));
  }

  #machine(machine: number): Namespace {
    const found = this.#machines[machine - 1];
    assert.ok(found, `there is no machine ${machine}`);
    return found;
  }

  #folder(machine: number): string {
    return `${this.#freezer?.root ?? ""}/clubar-e2e-${process.pid}-${machine}`;
  }

  #freezerWrites(machine: number, state: "frozen" | "thawed"): void {
    const { file = "", [state]: word = "" } = this.#freezer ?? {};
    writeFileSync(`${this.#folder(machine)}/${file}`, word);
  }
}

/** With the groups that a node made below. */
function removeGroup(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeGroup(`${folder}/${entry.name}`);
  rmdirSync(folder);
}

function portOf(machine: number, lan: number): string {
  return `m${machine}l${lan}`;
}
