// A compact report of a test run: a line a file, every failure and skip in full, node's summary at the end.
import { inspect, styleText } from "node:util";

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (style, text) => (colours ? styleText(style, text) : text);
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

const shownOutputLines = 200;

/** A report that writes through `write`; give it the events of `run()` of node:test. */
export function createReport(write) {
  const started = performance.now();
  const total = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
  const failures = [];
  let files = new Map();
  const of = (path) => {
    const file = relative(path);
    if (!files.has(file)) files.set(file, { failed: false, ended: false, skips: [], output: "" });
    return files.get(file);
  };

  const fail = (event) => {
    of(event.file).failed = true;
    const error = event.details.error;
    // A suite or file that only repeats "a subtest failed" says nothing new.
    if (error?.failureType === "subtestsFailed") return;
    failures.push(titleOf(event));
    write(`${paint("red", "✖")} ${titleOf(event)}\n${explain(error)}\n`);
  };

  const endOfFile = ({ file, counts, duration_ms: ms, success }) => {
    const seen = of(file);
    seen.ended = true;
    for (const key of Object.keys(total)) total[key] += counts[key];
    const notes = [`${counts.tests} tests`, seconds(ms)];
    if (counts.skipped > 0) notes.push(`${counts.skipped} skipped`);
    if (!success) notes.push(`${counts.failed + counts.cancelled} failed`);
    seen.failed ||= !success;
    const mark = success ? paint("green", "✔") : paint("red", "✖");
    write(`${mark} ${relative(file)} ${paint("gray", `(${notes.join(", ")})`)}\n`);
    for (const skip of seen.skips) write(`  ${paint("yellow", "﹣")} ${skip}\n`);
  };

  const handlers = {
    "test:fail": fail,
    "test:pass": (event) => {
      if (event.skip !== undefined) of(event.file).skips.push(`${event.name} # ${reason(event.skip)}`);
    },
    "test:stdout": (event) => (of(event.file).output += event.message),
    "test:stderr": (event) => (of(event.file).output += event.message),
    "test:summary": (event) => {
      if (event.file !== undefined) endOfFile(event);
    },
  };

  return {
    begin(group) {
      const count = group.files.length;
      files = new Map();
      write(`\n${paint("bold", group.title)} (${count} ${count === 1 ? "file" : "files"})\n`);
    },
    take(event) {
      handlers[event.type]?.(event.data);
    },
    /** Call it after a group's last event: what failing files printed can arrive after their results. */
    endGroup() {
      for (const [file, { failed, ended, output }] of files) {
        if (!failed) continue;
        // A file that could not be loaded or was killed has no summary of its own.
        if (!ended) {
          total.tests += 1;
          total.failed += 1;
        }
        const lines = output.trimEnd().split("\n");
        if (output !== "") write(`  printed by ${file}:\n${lines.slice(-shownOutputLines).join("\n")}\n`);
      }
    },
    failed: () => total.failed + total.cancelled > 0 || failures.length > 0,
    end() {
      if (failures.length > 0)
        write(`\n${paint("red", "failing tests:")}\n${failures.map((line) => `  ${line}\n`).join("")}`);
      const { tests, suites, passed, failed, cancelled, skipped, todo } = total;
      const lines = { tests, suites, pass: passed, fail: failed, cancelled, skipped, todo };
      lines.duration_ms = (performance.now() - started).toFixed(3);
      write(
        `\n${Object.entries(lines)
          .map(([name, value]) => `ℹ ${name} ${value}\n`)
          .join("")}`,
      );
    },
  };
}

function relative(file) {
  return file.startsWith(`${process.cwd()}/`) ? file.slice(process.cwd().length + 1) : file;
}

function reason(given) {
  return typeof given === "string" && given !== "" ? given : "SKIP";
}

function titleOf(event) {
  const line = event.line === undefined ? "" : `:${event.line}`;
  return `${event.name} (${relative(event.file ?? "")}${line}, ${seconds(event.details.duration_ms)})`;
}

function explain(error) {
  const cause = error?.cause ?? error;
  const text = typeof cause === "string" ? cause : inspect(cause, { colors: colours, depth: 4 });
  return text.replace(/^/gm, "    ");
}
