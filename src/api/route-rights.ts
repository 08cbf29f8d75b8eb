/** Which right each call of the API needs: the only place that says so. What is not here is refused to everybody. */
import { fail, type Failure } from "../base/errors.ts";
import { type Right, rightMeaning } from "../trust/rights.ts";

/** One row: a method, a path below `/api/v1` as the routes write it, and what it needs. */
export interface RouteRight {
  readonly method: string;
  readonly path: string;
  readonly right: Right;
  /** It takes something away or stops something: it goes to the audit log when it is done, too. */
  readonly destructive: boolean;
}

const rows = `
read              GET    /cluster /nodes /nodes/:node /groups /groups/:group /resources /resources/:resource /resource-types
read              GET    /checkpoints /checkpoints/history /checkpoints/audit /checkpoints/losers /checkpoints/content
read              GET    /registry/key /registry/hive /keys /keys/public /events /status /status/self /doctor /decisions /sets /users
read              GET    /networks /networks/:network
read              GET    /recovery/checkpoints /recovery/checkpoints/:id /recovery/checkpoints/:id/events /recovery/disks
read              GET    /fencing /fencing/:node
read              POST   /nodes/:node/fence/plan
read              POST   /sets/verify /recovery/checkpoints/plan /recovery/disk/plan /restore/plan /cluster/force-quorum/plan
operate           POST   /groups /groups/:group/online /groups/:group/release /groups/release /groups/:group/cancel
operate           POST   /groups/:group/move /resources /resources/:resource/online /resources/:resource/control
operate           POST   /resources/:resource/depend /resources/:resource/undepend /resources/:resource/add-owner
operate           POST   /resources/:resource/remove-owner /checkpoints /checkpoints/recreate
operate           POST   /registry/edits /keys /keys/sign /nodes/:node/pause /nodes/:node/resume
operate           PATCH  /cluster /nodes/:node /groups/:group /resources/:resource /resource-types/:type
operate           PATCH  /networks/:network
operate!          POST   /groups/:group/offline /resources/:resource/offline /resources/:resource/fail /nodes/:node/evict
operate!          POST   /nodes/:node/confirm-down /nodes/:node/stop /checkpoints/remove /checkpoints/revert /keys/import
operate!          POST   /recovery/checkpoints /recovery/disk
operate           POST   /fencing/:node/test
operate!          POST   /fencing/:node /nodes/:node/fence
operate!          DELETE /fencing/:node
operate!          POST   /resource-types
operate!          PUT    /registry/hive
operate!          DELETE /groups/:group /resources/:resource /resource-types/:type /registry/hive /keys
backup            POST   /backup /vss/freeze /vss/thaw
restore-node!     POST   /vss/restart
restore-cluster!  POST   /restore /cluster/force-quorum /nodes/token /users /users/local
restore-cluster!  POST   /cluster/set-quorum/plan /cluster/set-quorum
restore-cluster!  DELETE /users/:user
`;

/** All rows. */
export const routeRights: readonly RouteRight[] = rows
  .trim()
  .split("\n")
  .flatMap((row) => {
    const [right = "", method = "", ...paths] = row.split(/ +/);
    const needed = right.replace("!", "") as Right;
    return paths.map((path) => ({ method, path, right: needed, destructive: right.endsWith("!") }));
  });

const patterns = routeRights.map((row) => ({
  row,
  pattern: new RegExp(`^/api/v1${row.path.replaceAll(/:\w+/g, "[^/]+")}/?$`),
}));

/** What a call needs; undefined when there is no such call. Names of objects are tried last, as the routes do. */
export function rightOf(method: string, path: string): RouteRight | undefined {
  const found = patterns.filter(({ row, pattern }) => row.method === asked(method) && pattern.test(path));
  return (found.find(({ row }) => !row.path.includes(":")) ?? found[0])?.row;
}

/** HEAD is answered as GET. */
function asked(method: string): string {
  return method === "HEAD" ? "GET" : method;
}

/** Who calls, and what that one may. */
export interface ApiCaller {
  /** `user:NAME`, `node:ID`, `local`, `page`, or `nobody`. */
  readonly who: string;
  readonly from: string;
  readonly rights: readonly Right[];
}

/** Commands look before they act: the other rights are of little use without `read`. */
function alsoNeeded({ rights }: ApiCaller, { right }: RouteRight): string {
  if (right === "read") return rights.length === 0 ? "" : ` Commands read before they do what another right allows.`;
  return rights.includes("read") ? "" : ` Commands need "read" beside it.`;
}

/** Why a call is refused; undefined when it is not. */
export function whyRefused(caller: ApiCaller, row: RouteRight): Failure | undefined {
  if (caller.rights.includes(row.right)) return undefined;
  return fail("ACCESS_DENIED", {
    happened: `${caller.who} lacks the right "${row.right}" (to ${rightMeaning[row.right]}).`,
    unchanged: "Nothing was changed.",
    next: `Ask somebody who has it, or for that right (clubar user certificate, clubar user local).${alsoNeeded(caller, row)}`,
  });
}
