// `node tools/try-package.mjs`: packs the project, installs the tarball into an empty folder and uses it as people would.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npm } from "./lib/install.mjs";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);

const parts = {
  clubar: "src/cli/main.ts",
  "clubar's library": "src/clusapi/index.ts",
  "clubar/hive": "src/hive/index.ts",
  "clubar/vss": "src/vss/index.ts",
};
const missing = Object.values(parts).filter((path) => !existsSync(join(root, path)));
if (missing.length > 0) {
  console.log(`NOT CHECKED: the package, because ${missing.join(", ")} is not there.`);
  process.exit(0);
}

const script = `
import { existsSync, readFileSync } from "node:fs";
import * as api from "clubar";
import { childrenOf, readHive } from "clubar/hive";
import { openVssCoordinator, writerState } from "clubar/vss";
const names = Object.keys(api).length;
if (names === 0) throw new Error("clubar exports nothing");
if (typeof openVssCoordinator !== "function" || writerState.STABLE !== 1) throw new Error("clubar/vss lacks its coordinator");
if (!existsSync("software.hive")) console.log(names + " names; NOT CHECKED: reading a hive, test/data/software.hive is not there");
else {
  const { root } = readHive(new Uint8Array(readFileSync("software.hive")));
  console.log(names + " names; hive of " + root.name + " with " + [...childrenOf(root)].map(({ name }) => name).join(", "));
}
`;

const folder = mkdtempSync(join(tmpdir(), "clubar-package-"));
try {
  process.exitCode = tryPackage() ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function tryPackage() {
  // The two steps of the README: npm pack runs no scripts here, so it would pack what is there.
  if (!npm(["run", "--silent", "build"], root) || !npm(["pack", "--silent", "--pack-destination", folder], root))
    return complain("it could not be built and packed");
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  if (!npm(["install", ...quiet, `./${tarball}`], folder)) return complain("the tarball could not be installed");

  const command = join(folder, "node_modules/.bin/clubar");
  const hive = join(root, "test/data/software.hive");
  if (existsSync(hive)) copyFileSync(hive, join(folder, "software.hive"));
  writeFileSync(join(folder, "use.mjs"), script);
  writeFileSync(
    join(folder, "use.ts"),
    'import * as api from "clubar";\nimport * as hive from "clubar/hive";\nimport * as vss from "clubar/vss";\n' +
      "export const all: object[] = [api, hive, vss];\n",
  );
  const tsc = [
    join(root, "node_modules/typescript/bin/tsc"),
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "false",
    "--module",
    "nodenext",
    "--target",
    "es2024",
    "--types",
    "node",
    "--typeRoots",
    join(root, "node_modules/@types"),
    "use.ts",
  ];
  const example = join(root, "docs/manual/resource-type-example.mjs");
  const server = 'require("net").createServer().listen(18124, "127.0.0.1")';
  const there = `${process.execPath} -e 'require("net").connect(18124, "127.0.0.1").once("connect", process.exit)'`;
  const resource = [`Program=${process.execPath};-e;${server}`, "Port=18124", "--there", there];
  if (!existsSync(join(folder, "node_modules/clubar/dist/web/index.html")))
    return complain("the web page is not in the tarball");
  return [
    use("clubar --version", command, ["--version"]),
    use("clubar --help", command, ["--help"]),
    use("clubar hive ls", command, ["hive", "ls", hive]),
    use('import "clubar", "clubar/hive" and "clubar/vss"', process.execPath, ["use.mjs"]),
    use("clubar resource check-type", command, ["resource", "check-type", example, ...resource, "--json"]),
    use("declarations", process.execPath, tsc),
  ].every(Boolean);
}

function use(what, program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  const ok = status === 0;
  console.log(`${ok ? "ok    " : "FAILED"}  ${what}${ok ? `: ${stdout.split("\n")[0]}` : ""}`);
  if (!ok) console.error(`${stdout}${stderr}${error?.message ?? ""}`);
  return ok;
}

function complain(what) {
  console.error(`The package was not tried: ${what}. Read what npm says above.`);
  return false;
}
