/** Runs the same work in both programs, in turn, and reads what they print. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Milliseconds of each warm round. */
export interface Rounds {
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
  /** KiB: the largest of the process. */
  readonly memory: number;
}

const work = join(import.meta.dirname, "work.ts");

/** `command` prints a line a round; the first `cold` of them don't count. */
function roundsOf(command: string, args: readonly string[], cold: number, out: string): Rounds {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, OUT: out },
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  const lines = stdout
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .slice(cold)
    .map((line) => line.split(" ").map(Number));
  return {
    wall: lines.map(([wall = Number.NaN]) => wall),
    cpu: lines.map(([, cpu = Number.NaN]) => cpu),
    memory: Number(/bytes (\d+) KiB/.exec(stdout)?.[1] ?? Number.NaN),
  };
}

/** One work of the table. */
export interface Work {
  readonly name: string;
  /** hivex's, when it is another. */
  readonly peerName?: string;
  readonly file: string;
  /** How often; hivex's own number where it takes minutes. */
  readonly rounds: number;
  readonly peerRounds?: number;
  /** Turns of both programs; 3 unless given. */
  readonly turns?: number;
  readonly count?: number;
  /** Rounds before those that count; 12 unless given. */
  readonly warmUp?: number;
  /** hivex's own count where it takes minutes; its time is scaled. */
  readonly peerCount?: number;
}

/** Rounds that only warm up. */
const cold = 12;

/** Ours and theirs, in turns, so that what else the machine does meets both. */
export function sideBySide(one: Work, peer: string, out: string): { readonly ours: Rounds; readonly theirs: Rounds } {
  const { name, file, rounds, peerRounds = rounds, count, peerCount = count } = one;
  const scale = (count ?? 1) / (peerCount ?? 1);
  const turns = Math.min(one.turns ?? 3, peerRounds);
  const ours: Rounds[] = [];
  const theirs: Rounds[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const mine = Math.ceil(rounds / turns);
    const warmUp = one.warmUp ?? cold;
    ours.push(roundsOf(process.execPath, [work, name, file, String(mine + warmUp), String(count ?? "")], warmUp, out));
    const others = Math.ceil(peerRounds / turns);
    const isSlow = peerRounds < rounds;
    theirs.push(
      roundsOf(
        peer,
        [one.peerName ?? name, file, String(others + (isSlow ? 0 : 2)), String(peerCount ?? "")],
        isSlow ? 0 : 2,
        out,
      ),
    );
  }
  return { ours: joined(ours, 1), theirs: joined(theirs, scale) };
}

function joined(parts: readonly Rounds[], scale: number): Rounds {
  return {
    wall: parts.flatMap(({ wall }) => wall.map((ms) => ms * scale)),
    cpu: parts.flatMap(({ cpu }) => cpu.map((ms) => ms * scale)),
    memory: Math.max(...parts.map(({ memory }) => memory)),
  };
}

/** A work that only clubar/hive does. */
export function ourRounds(name: string, file: string, rounds: number, out: string, more = ""): Rounds {
  return roundsOf(process.execPath, [work, name, file, String(rounds + 3), more], 3, out);
}

/** Whole processes: `runs` times each in turn; wall and CPU milliseconds. */
export function processes(commands: readonly (readonly string[])[], runs: number): Rounds[] {
  const all = commands.map((): { wall: number[]; cpu: number[] } => ({ wall: [], cpu: [] }));
  for (let run = 0; run < runs; run++) {
    for (const [at, [command = "", ...args]] of commands.entries()) {
      const started = performance.now();
      const before = childCpu();
      const { status, stderr } = spawnSync(command, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
      if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
      all[at]?.wall.push(performance.now() - started);
      all[at]?.cpu.push(childCpu() - before);
    }
  }
  return all.map(({ wall, cpu }) => ({ wall, cpu, memory: Number.NaN }));
}

/** Milliseconds that ended children used so far: fields 16 and 17 of /proc/self/stat, in hundredths of a second. */
function childCpu(): number {
  const text = readFileSync("/proc/self/stat", "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
