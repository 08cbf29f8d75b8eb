/** The outside world comes through base/outside.ts and nowhere else. */
import { maskCode } from "./mask.ts";
import { importsOf, isTest, lineAt } from "./source.ts";
import type { Finding, Rule } from "./source.ts";

/** The real outside, the composition roots that talk to a person's terminal and the system, and the simulator's own two. */
const opens = (path: string): boolean =>
  !path.startsWith("src/") ||
  isTest(path) ||
  /^src\/(base\/outside-node[^/]*\.ts|daemon\/|cli\/|sim\/(main|settle|watchdog)\.ts)/.test(path);

/** Modules of Node's that only compute. Everything else reaches outside. */
const computing = new Set(
  [
    "assert",
    "assert/strict",
    "buffer",
    "crypto",
    "events",
    "path",
    "path/posix",
    "string_decoder",
    "url",
    "util",
    "zlib",
  ].map((name) => `node:${name}`),
);

/** Packages that open sockets or call the system. */
const reaching = /^(koffi|@hono\/node-server)(\/|$)/;

const reachingGlobals = [
  "Date\\.now",
  "performance\\.(?:now|timeOrigin)",
  "Math\\.random",
  "set(?:Timeout|Interval|Immediate)",
  "AbortSignal\\.timeout",
  "process\\.(?:env|exit|exitCode|pid|ppid|std(?:in|out|err)|argv|hrtime|kill|on|once|cwd|uptime|umask|gete?uid)\\b",
  "console\\.\\w+",
  "random(?:Bytes|UUID|Int)",
  "getRandomValues",
  "(?<=(?:await|return|=) )fetch(?=\\()",
  "new (?:Date\\(\\)|WebSocket|EventSource)",
];

const reachingCode = new RegExp(`\\b(?:${reachingGlobals.join("|")})`, "g");

/** Only the files that open the outside import such modules or use such globals. */
export const oneDoorOutside: Rule = (sources) => {
  const findings: Finding[] = [];
  for (const source of sources) {
    if (opens(source.path)) continue;
    for (const { target, typeOnly, line } of importsOf(source)) {
      const reaches = (target.startsWith("node:") && !computing.has(target)) || reaching.test(target);
      if (reaches && !typeOnly) findings.push(`${source.path}:${line}: imports ${target}, which reaches outside`);
    }
    const code = maskCode(source.text);
    for (const match of code.matchAll(reachingCode)) {
      const before = code.charAt(match.index - 1);
      if (before === "." || before === "#") continue;
      findings.push(`${source.path}:${lineAt(code, match.index)}: uses ${match[0]}, which reaches outside`);
    }
  }
  return findings;
};
