// `npm run build`: what people install. Bundles and declarations go to dist/; everything there is written anew.
//
// dist/clubar.mjs   the command; checks Node's version, then loads dist/cli.js, or dist/cli-hive.js for `clubar hive`
// dist/index.js     import "clubar"       dist/hive.js   import "clubar/hive"
// dist/vss.js       import "clubar/vss"   dist/types     their declarations
// dist/web          the web page, built by Vite
// dist/<…>.js       programs that the others start: each src/….ts that some source names in
//                   `new URL("./….ts", import.meta.url)`, which the bundles then find beside themselves
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { listSources, programUrl, rewriteTypeImports } from "./lib/bundle.mjs";
import { moveToNewNode, root } from "./lib/runtime.mjs";
import { writePage } from "./lib/web-page.mjs";

await moveToNewNode(import.meta.url);
const { build } = await import("esbuild");

const dist = join(root, "dist");
const named = {
  cli: "src/cli/main.ts",
  index: "src/clusapi/index.ts",
  hive: "src/hive/index.ts",
  vss: "src/vss/index.ts",
};

const entries = {};
for (const [name, path] of Object.entries(named)) {
  if (existsSync(join(root, path))) entries[name] = path;
  else console.log(`NOT BUILT: dist/${name}.js (${path} is not there)`);
}
for (const path of listSources(root)) {
  for (const [, target] of readFileSync(path, "utf8").matchAll(programUrl)) {
    const program = relative(root, join(dirname(path), target));
    if (existsSync(join(root, program))) entries[programName(program)] = program;
  }
}

/** src/daemon/host.ts → daemon-host: all bundles lie in one folder, so that each finds the others. */
function programName(path) {
  return path
    .replace(/^src\//, "")
    .replace(/\.ts$/, "")
    .replaceAll("/", "-");
}

/** What stays right inside a bundle: another program beside it, the web page, and packages. */
const bundleSafe = /new URL\("\.\/[\w-]+(\.js|\/)", import\.meta\.url\)|createRequire\(import\.meta\.url\)/g;
/** The folder of the web page, as sources name it. */
const pageUrl = /new URL\("\.\.\/\.\.\/web\/", import\.meta\.url\)/g;

const findPrograms = {
  name: "find-programs",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("import.meta.")) return undefined;
      const programs = text.replace(programUrl, (_, target) => {
        const program = relative(root, join(dirname(path), target));
        return `new URL("./${programName(program)}.js", import.meta.url)`;
      });
      const contents = programs.replace(pageUrl, 'new URL("./web/", import.meta.url)');
      const left = contents.replace(bundleSafe, "").match(/import\.meta\.(url|dirname|filename)/);
      if (left === null) return { contents, loader: "ts" };
      const why = `${left[0]} would point into the bundle; name programs as new URL("./….ts", import.meta.url)`;
      return { errors: [{ text: why, location: { file: relative(root, path) } }] };
    });
  },
};

/**
 * Node's own modules as CommonJS whose members are looked up when they are used: what a command doesn't use is never loaded. A module that
 * is a function, and `process`, which is there anyway, are taken as they are.
 */
const lateBuiltins = {
  name: "late-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "builtin" }));
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => {
      const found = process.getBuiltinModule(path);
      const load = `process.getBuiltinModule(${JSON.stringify(path)})`;
      if (typeof found === "function" || found === process) return { contents: `module.exports = ${load};` };
      const members = Object.keys(found).map((name) => `get ${name}() { return load().${name}; }`);
      return {
        contents: `let found; const load = () => (found ??= ${load}); module.exports = { ${members.join(", ")} };`,
      };
    });
  },
};

const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  external: ["koffi"],
  legalComments: "linked",
  logLevel: "warning",
  // CommonJS packages inside a bundle ask for Node's modules by require.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};

rmSync(dist, { recursive: true, force: true });
const names = Object.keys(entries);
if (names.length > 0) {
  await build({
    ...common,
    entryPoints: entries,
    splitting: true,
    chunkNames: "chunk-[hash]",
    plugins: [findPrograms],
  });
}
if (entries.cli !== undefined) {
  // One file: most of the time of a small command goes into finding modules.
  await build({
    ...common,
    entryPoints: { "cli-hive": "src/cli/hive-main.ts" },
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [findPrograms, lateBuiltins],
  });
  copyFileSync(join(root, "tools/lib/launcher.mjs"), join(dist, "clubar.mjs"));
  chmodSync(join(dist, "clubar.mjs"), 0o755);
}
const page = await writePage(join(dist, "web"));
if (entries.index !== undefined || entries.hive !== undefined || entries.vss !== undefined) {
  const { status } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "--project", "tools/tsconfig.types.json"],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (status !== 0) {
    console.error(
      "The declarations could not be written: dist/types is incomplete. Mend the types above and build again.",
    );
    process.exit(1);
  }
  rewriteTypeImports(join(dist, "types"));
}
const built = [...names.map((name) => `dist/${name}.js`), ...page.map((path) => `dist/web/${path}`)];
console.log(`Built ${built.join(", ")}.`);
