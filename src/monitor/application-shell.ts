import type { ProcessIdentity } from "../base/outside.ts";
import type { Containment } from "./containment.ts";

/**
 * Runs first, already armed to die with the host (setpriv). The parent check closes the gap before that: a host that died earlier is no
 * longer the parent. $1 host's pid, $2 the cgroup's cgroup.procs or "", then the program to become. Descriptor 9 keeps the outer /proc.
 */
const tied = `
[ "$PPID" = "$1" ] || exit 125
[ -z "$2" ] || echo $$ >"$2" || exit 125
shift 2
exec 9</proc
`;
const wrapper = `${tied}exec "$@"`;

/**
 * The init of an application's PID namespace: when it ends, the kernel kills whatever is left inside.
 *
 * It says "ready" with its line of the outer process table and waits for "go", which the host sends once the record is durable; the end of
 * input (host dead) ends it. In a namespace of its own it lets pids begin anywhere, so that a pid file of an earlier one names nobody:
 * small namespaces would give the same few numbers again. Then it runs the program, if there is one, and one command a request line
 * (number, then shell words); it answers "done NUMBER CODE". SIGTERM goes on to the program. Orphans are reaped by its wait, and the
 * request loop's by ( : ).
 * $1 log file, $2 folder, then the program's words or nothing.
 */
const init = `
read -r line </proc/self/fd/9/self/stat || exit 125
exec 9<&- 8<&0 7>&1
program=
trap 'kill -TERM "$program" 2>/dev/null' TERM
echo "ready $line" >&7
read -r word && [ "$word" = go ] || exit 125
if [ $$ = 1 ]; then
  ( set -- \${line##*) }; echo $((300 + \${20} * 977 % 32000)) >/proc/sys/kernel/ns_last_pid ) 2>/dev/null
fi
log=$1
cd "$2" || exit 126
shift 2
if [ $# -gt 0 ]; then
  command -v -- "$1" >/dev/null || { echo "clubar: there is no program $1" >>"$log"; exit 127; }
  "$@" </dev/null >>"$log" 2>&1 7>&- 8<&- &
  program=$!
fi
while read -r number words; do
  ( eval "$words" </dev/null >>"$log" 2>&1 7>&- 8<&-; echo "done $number $?" >&7 ) &
  ( : )
done <&8 &
requests=$!
[ -n "$program" ] || program=$requests
echo started >&7
exec </dev/null >/dev/null 2>&1 7>&- 8<&-
while :; do
  wait "$program"
  code=$?
  kill -0 "$program" 2>/dev/null || break
done
exit "$code"
`;

/**
 * The same for a container without program and namespace, in one process: requests alone. It ends with its input, so with its host.
 * `jobs` reaps without another process.
 */
const requestsOnly = `${tied}
read -r line </proc/self/stat || exit 125
exec 9<&- 7>&1
echo "ready $line" >&7
read -r word && [ "$word" = go ] || exit 125
log=$1
cd "$2" || exit 126
exec >/dev/null 2>&1
echo started >&7
while read -r number words; do
  ( eval "$words" </dev/null >>"$log" 2>&1 7>&-; echo "done $number $?" >&7 ) &
  jobs
done
`;

/** What starts an application: a command and its words, in the chain setpriv → wrapper → unshare → setsid → init. */
export function chain(
  kind: Containment,
  host: ProcessIdentity,
  cgroup: string | undefined,
  log: string,
  folder: string,
  program: readonly string[],
): readonly string[] {
  const dieWithParent = kind.setpriv === undefined ? [] : [kind.setpriv, "--pdeathsig", "KILL"];
  const tie = [String(host.pid), cgroup === undefined ? "" : `${cgroup}/cgroup.procs`];
  const session = kind.setsid === undefined ? [] : [kind.setsid];
  if (kind.kind === "machine" && program.length === 0)
    return [...session, kind.shell, "-c", requestsOnly, "clubar-init", ...tie, log, folder];
  if (kind.unshare === undefined) {
    // Wrapper and init are one process then, and one shell.
    const inside = dieWithParent.length > 0 && program.length > 0 ? [...dieWithParent, "--", ...program] : program;
    return [
      ...dieWithParent,
      ...session,
      kind.shell,
      "-c",
      `${tied}${init}`,
      "clubar-init",
      ...tie,
      log,
      folder,
      ...inside,
    ];
  }
  const begun = [...dieWithParent, kind.shell, "-c", wrapper, "clubar-wrapper", ...tie, ...kind.unshare, ...session];
  return [...begun, kind.shell, "-c", init, "clubar-init", log, folder, ...program];
}
