/**
 * Why a program did not run at all: the shell and setpriv say so with code 126 (can't be executed) or 127 (not found), whatever the cause.
 * Looked at afterwards, so it costs nothing where programs run.
 */
import { Failure, fail } from "../../base/errors.ts";
import type { ProcessEnd } from "../../base/outside.ts";
import type { ResourceContext, StartSpec } from "../resource-type.ts";
import { lastLine } from "./exit-reason.ts";

/** Which of a resource's programs, and how it was begun. */
export interface Begun {
  /** The parameter that names it. */
  readonly named: string;
  readonly program: string;
  /** Where the resource's log ended before, in bytes. */
  readonly from: number;
}

/** Whether a code says that a program did not run. */
export function saysNotRun(code: number | undefined): code is 126 | 127 {
  return code === 126 || code === 127;
}

/** A sentence without its full stop for a code of 126 or 127: which user, which folder, which file, and what about it. */
export async function whyNotRun(context: ResourceContext, begun: Begun, code: 126 | 127): Promise<string> {
  const why = await findCause(context, begun);
  if (why !== undefined) return why;
  const said = await lastLine(context, begun.from);
  const meaning = code === 126 ? "something could not be executed" : "a command was not found";
  return `${begun.program} (${begun.named}) ended with code ${code}, which says that ${meaning}${said === undefined ? "" : `: ${said}`}`;
}

/** The failure of a resource whose program did not run. */
export function notRun({ resource, folder }: ResourceContext, why: string): Error {
  return fail("RESMON_ONLINE_FAILED", {
    happened: `${resource.name}: ${why}.`,
    next: `What was printed is in ${folder}/output.log.`,
  });
}

/** Starts it. @throws RESMON_ONLINE_FAILED, naming what is wrong with its user, folder or file */
export async function startOrSay(context: ResourceContext, begun: Begun, spec: StartSpec): Promise<void> {
  try {
    await context.start(spec);
  } catch (cause) {
    const mayBeIt = cause instanceof Failure && cause.name === "RESMON_ONLINE_FAILED";
    const why = mayBeIt ? await findCause(context, begun) : undefined;
    throw why === undefined ? cause : notRun(context, why);
  }
}

/** Whether a program that is given by its path may be run by anybody at all. */
export async function canRun({ outside: { files } }: ResourceContext, program: string): Promise<boolean> {
  if (!program.startsWith("/")) return true;
  const stat = await files.realPath(program).then(
    (path) => files.stat(path),
    () => undefined,
  );
  return stat === undefined || (stat.kind === "file" && (stat.mode & 0o111) !== 0);
}

/** @throws RESMON_ONLINE_FAILED when something is wrong with its user, folder or file */
export async function mustRun(context: ResourceContext, begun: Begun): Promise<void> {
  const why = await findCause(context, begun);
  if (why !== undefined) throw notRun(context, why);
}

/** What is wrong with its user, folder or file; undefined when nothing is. */
async function findCause(context: ResourceContext, { named, program }: Begun): Promise<string | undefined> {
  const look = await lookerOf(context);
  if (look === undefined) return `this machine has no user ${context.resource.parameters.text("User")} (User)`;
  const given = context.resource.parameters.text("CurrentDirectory");
  const folder = given ?? (look.user === undefined ? context.folder : look.home);
  const noFolder = await whyNotIn(look, folder);
  if (noFolder !== undefined) {
    if (given !== undefined || look.user === undefined)
      return `it can't begin in ${folder} (CurrentDirectory): ${noFolder}`;
    return `it can't begin in ${folder}, the home of user ${look.user} (User): ${noFolder}; make it, or set CurrentDirectory`;
  }
  const files = program.includes("/")
    ? [program.startsWith("/") ? program : `${folder}/${program}`]
    : (context.environment["PATH"] ?? "").split(":").map((place) => `${place}/${program}`);
  const there: string[] = [];
  for (const file of files) if (await isThere(context, file)) there.push(file);
  const [file = program] = there;
  if (there.length > 0) return whyNotFile(context, look, { named, file });
  if (!program.includes("/"))
    return `there is no program ${program} (${named}) in ${context.environment["PATH"] ?? "PATH"}`;
  const missing = await whyNotIn(look, folderOf(files[0] ?? ""));
  return `there is no ${files[0]} (${named})${missing === undefined ? "" : `: ${missing}`}`;
}

/** Why a file that is there does not run. */
async function whyNotFile(
  { outside: { files } }: ResourceContext,
  look: Looker,
  { named, file }: { readonly named: string; readonly file: string },
): Promise<string | undefined> {
  const label = `${file} (${named})`;
  const onTheWay = await whyNotIn(look, folderOf(file));
  if (onTheWay !== undefined) return `${label} can't be reached: ${onTheWay}`;
  const stat = await files.stat(await files.realPath(file));
  if (stat?.kind === "folder") return `${label} is a folder`;
  const mode = stat?.mode.toString(8).padStart(4, "0");
  if (!(await look.may("-x", file))) {
    if (((stat?.mode ?? 0) & 0o111) === 0) return `${label} is not executable (its mode is ${mode})`;
    const rest = `its mode is ${mode}, its owner ${stat?.owner}:${stat?.group}; or its file system is mounted noexec`;
    return `${look.who} may not execute ${label}: ${rest}`;
  }
  const handle = await files.open(file, "read");
  const bytes = await handle.read(0, 256);
  await handle.close();
  const begin = new TextDecoder("latin1").decode(bytes);
  const [, interpreter = "", rest = ""] = /^#![ \t]*([^\s]+)([^\n]*)/.exec(begin) ?? [];
  if (interpreter === "") return undefined;
  if (rest.endsWith("\r")) return `the first line of ${label} ends with a carriage return, as Windows writes lines`;
  const noInterpreter = await files.realPath(interpreter).then(
    () => undefined,
    () => `the first line of ${label} names ${interpreter}, which is not there`,
  );
  if (noInterpreter !== undefined) return noInterpreter;
  return (await look.may("-r", file)) ? undefined : `${look.who} may not read ${label}: its mode is ${mode}`;
}

/** Looks with the eyes of the resource's User, or the service's. */
interface Looker {
  readonly user: string | undefined;
  readonly who: string;
  readonly home: string;
  may(flag: "-x" | "-r", path: string): Promise<boolean>;
  isThere(path: string): Promise<boolean>;
}

async function lookerOf(context: ResourceContext): Promise<Looker | undefined> {
  const user = context.resource.parameters.text("User");
  const lines: string[] = [];
  const run = async ([command = "", ...args]: readonly string[]): Promise<ProcessEnd> => {
    const { processes } = context.outside;
    const child = await processes.start({ command, args, environment: context.environment, output: "lines" });
    child.onLine((line) => void lines.push(line));
    return child.ended;
  };
  let as: readonly string[] = [];
  let home = "/";
  if (user !== undefined) {
    await run(["sh", "-c", 'id -g -- "$1" && getent passwd -- "$1"', "sh", user]);
    const [group, entry = ""] = lines;
    if (group === undefined) return undefined;
    as = ["setpriv", `--reuid=${user}`, `--regid=${group}`, "--init-groups", "--"];
    home = entry.split(":")[5] || "/";
  }
  const may = async (flag: string, path: string): Promise<boolean> => {
    const end = await run([...as, "test", flag, path]);
    return "code" in end && end.code === 0;
  };
  const who = user === undefined ? "the service's user" : `user ${user}`;
  return { user, who, home, may, isThere: (path) => isThere(context, path) };
}

/** Why nobody, or not this user, gets into a folder; undefined when it does. */
async function whyNotIn(look: Looker, folder: string): Promise<string | undefined> {
  const parts = folder.split("/").filter((part) => part !== "");
  for (const [index] of parts.entries()) {
    const place = `/${parts.slice(0, index + 1).join("/")}`;
    if (!(await look.isThere(place))) return `there is no ${place}`;
    if (!(await look.may("-x", place))) return `${look.who} may not enter ${place}`;
  }
  return undefined;
}

function isThere({ outside: { files } }: ResourceContext, path: string): Promise<boolean> {
  return files.realPath(path).then(
    () => true,
    () => false,
  );
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
