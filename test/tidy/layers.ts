/** Who may import whom, and which files are pure. */
import { importsOf, isTest } from "./source.ts";
import type { Finding, Rule, Source } from "./source.ts";

/** Imports point to a lower rank, or inside the own folder. */
const layers: readonly (readonly string[])[] = [
  ["base"],
  ["tree"],
  ["hive"],
  ["quorum", "registry", "rpc", "disks"],
  ["database"],
  ["membership", "trust", "fencing"],
  ["failover", "monitor", "checkpoint"],
  ["recovery", "restore", "backup", "vss", "retention"],
  ["api", "clusapi"],
  ["daemon"],
  ["cli"],
  ["sim"],
];

const rankOf = new Map(layers.flatMap((folders, rank) => folders.map((folder) => [folder, rank] as const)));

/** Besides `<folder>/<folder>.ts`, the files through which a folder of the same rank may be used. */
const interfaceFiles = new Set([
  "src/monitor/protocol.ts",
  "src/monitor/resource-type.ts",
  "src/quorum/tag.ts",
  "src/registry/key-containers.ts",
  "src/rpc/call.ts",
  "src/rpc/json.ts",
]);

const pure = (path: string): boolean =>
  /^src\/(tree|hive)\//.test(path) || ["src/failover/decide.ts", "src/restore/plan.ts"].includes(path);

function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Imports of the sources point down; within a rank only through the other folder's interface file. Tests are free. */
export const importsPointDown: Rule = (sources) => {
  const findings: Finding[] = [];
  for (const source of sources.filter(({ path }) => path.startsWith("src/") && !isTest(path))) {
    const from = folderOf(source.path);
    const fromRank = rankOf.get(from ?? "");
    if (from === undefined || fromRank === undefined) {
      findings.push(`${source.path}: its folder has no place in the layer table of test/tidy/layers.ts`);
      continue;
    }
    for (const { target, line } of importsOf(source)) {
      const why = brokenArrow(from, fromRank, target);
      if (why !== undefined) findings.push(`${source.path}:${line}: imports ${target}: ${why}`);
    }
  }
  return findings;
};

function brokenArrow(from: string, fromRank: number, target: string): string | undefined {
  const to = folderOf(target);
  if (to === from || (to === undefined && !/^(test|tools|bench)\//.test(target))) return undefined;
  const toRank = rankOf.get(to ?? "");
  if (toRank === undefined) return "that is not below src's layers";
  if (toRank < fromRank) return undefined;
  if (toRank > fromRank) return `${to} lies above ${from}`;
  if (interfaceFiles.has(target) || target === `src/${to}/${to}.ts`) return undefined;
  return `${to} has the rank of ${from} and this is not its interface file`;
}

/** Pure files reach, through all their imports of values, no module of Node's and no package. */
export const pureStaysPure: Rule = (sources) => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const impureBelow = (path: string, seen: Set<string>): string | undefined => {
    const source = byPath.get(path);
    if (source === undefined || seen.has(path)) return undefined;
    seen.add(path);
    for (const { target, typeOnly } of importsOf(source)) {
      if (typeOnly) continue;
      if (!target.startsWith("src/")) return target;
      const below = impureBelow(target, seen);
      if (below !== undefined) return `${target} → ${below}`;
    }
    return undefined;
  };
  return sources.flatMap(({ path }: Source) => {
    const reached = pure(path) && !isTest(path) ? impureBelow(path, new Set()) : undefined;
    return reached === undefined ? [] : [`${path}: is pure but imports ${reached}`];
  });
};
