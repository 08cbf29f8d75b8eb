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
  const lines = (await logSince(context, from)).split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "")?.slice(0, mostSaid);
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
