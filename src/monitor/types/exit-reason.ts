import type { ResourceContext } from "../resource-type.ts";

/** As much of a log's end as is looked through, in bytes. */
const most = 16_384;

const logOf = ({ folder }: ResourceContext): string => `${folder}/output.log`;

/** Where the log of a resource ends now, in bytes. */
export async function logEnd(context: ResourceContext): Promise<number> {
  return (await context.outside.files.stat(logOf(context)))?.size ?? 0;
}

/** What an agent gave as its reason last (`ocf-exit-reason:` on its error output, resource-agents' `ocf_exit_reason`), since `from`. */
export async function exitReason(context: ResourceContext, from: number): Promise<string | undefined> {
  const end = await logEnd(context);
  // A log that became too long was begun anew.
  const at = Math.max(from <= end ? from : 0, end - most);
  const file = await context.outside.files.open(logOf(context), "read").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const text = new TextDecoder().decode(await file.read(at, end - at));
    const said = [...text.matchAll(/^(?:.*\s)?ocf-exit-reason:(.*)$/gm)].at(-1)?.[1]?.trim();
    return said === undefined || said === "" ? undefined : said.slice(0, 300);
  } finally {
    await file.close();
  }
}
