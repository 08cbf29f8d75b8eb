import type { ProcessEnd } from "../../base/outside.ts";
import type { ResourceContext } from "../resource-type.ts";

/** As much of a log's end as is looked through, in bytes. */
const most = 16_384;

/** As much of what was said as goes into a reason, in characters. */
const mostSaid = 300;

const logOf = ({ folder }: ResourceContext): string => `${folder}/output.log`;

/** Where the log of a resource ends now, in bytes. */
export async function logEnd(context: ResourceContext): Promise<number> {
  return (await context.outside.files.stat(logOf(context)))?.size ?? 0;
}

/** What an agent gave as its reason last (`ocf-exit-reason:` on its error output, resource-agents' `ocf_exit_reason`), since `from`. */
export async function exitReason(context: ResourceContext, from: number): Promise<string | undefined> {
  const said = [...(await logSince(context, from)).matchAll(/^(?:.*\s)?ocf-exit-reason:(.*)$/gm)].at(-1)?.[1]?.trim();
  return said === undefined || said === "" ? undefined : said.slice(0, mostSaid);
}

/** The last line that a resource's programs printed, since `from`. */
export async function lastLine(context: ResourceContext, from: number): Promise<string | undefined> {
  return (await lastLines(context, from, 1))[0];
}

/** The last lines, at most `count` different ones, that a resource's programs printed since `from`, of those that tell something. */
export async function lastLines(
  context: ResourceContext,
  from: number,
  count: number,
  tells: (line: string) => boolean = () => true,
): Promise<readonly string[]> {
  const lines = (await logSince(context, from)).split("\n").map((line) => line.trim());
  const latestFirst = [...new Set(lines.filter((line) => line !== "" && tells(line)).reverse())];
  return latestFirst
    .slice(0, count)
    .reverse()
    .map((line) => line.slice(0, mostSaid));
}

/** How a program ended, what was printed last since `from`, and where all of it is. */
export async function endAndLog(
  context: ResourceContext,
  { program, end, from, tells }: { program: string; end: ProcessEnd; from: number; tells?: (line: string) => boolean },
): Promise<string> {
  const how = "code" in end ? `with code ${end.code}` : `by ${end.signal}`;
  const lines = await lastLines(context, from, 2, tells);
  return `${program} ended ${how}${saying(lines)}. Its output is in ${logOf(context)}.`;
}

/** Lines as the end of a sentence: ": one; two" without full stops; "" when there are none. */
export function saying(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `: ${lines.map((line) => line.replace(/\.$/, "")).join("; ")}`;
}

/** The end of the log, as far as it is looked through. */
async function logSince(context: ResourceContext, from: number): Promise<string> {
  const end = await logEnd(context);
  // A log that became too long was begun anew.
  const at = Math.max(from <= end ? from : 0, end - most);
  const file = await context.outside.files.open(logOf(context), "read").catch(() => undefined);
  if (file === undefined) return "";
  try {
    return new TextDecoder().decode(await file.read(at, end - at));
  } finally {
    await file.close();
  }
}
