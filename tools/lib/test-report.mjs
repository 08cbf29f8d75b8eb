// A compact report of a test run: a line a file and what its tests say, every failure and skip in full, node's summary at the end.
import { inspect, styleText } from "node:util";

const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (style, text) => (colours ? styleText(style, text) : text);
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

const shownOutputLines = 200;

/** A report that writes through `write`; give it the events of `run()` of node:test, group by group. */
export class TestReport {
  #write;
  #started = performance.now();
  #total = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
  #failures = [];
  #files = new Map();

  constructor(write) {
    this.#write = write;
  }

  begin(group) {
    const count = group.files.length;
    this.#files = new Map();
    this.#write(`\n${paint("bold", group.title)} (${count} ${count === 1 ? "file" : "files"})\n`);
  }

  take({ type, data }) {
    if (type === "test:fail") this.#fail(data);
    else if (type === "test:pass" && data.skip !== undefined) {
      this.#file(data.file).skips.push(`${data.name} # ${reason(data.skip)}`);
    } else if (type === "test:diagnostic" && data.file !== undefined) this.#file(data.file).said.push(data.message);
    else if (type === "test:stdout" || type === "test:stderr") this.#file(data.file).output += data.message;
    else if (type === "test:summary" && data.file !== undefined) this.#endOfFile(data);
  }

  /** Call it after a group's last event: what failing files printed can arrive after their results. */
  endGroup() {
    for (const [file, { failed, ended, output }] of this.#files) {
      if (!failed) continue;
      // A file that could not be loaded or was killed has no summary of its own.
      if (!ended) {
        this.#total.tests += 1;
        this.#total.failed += 1;
      }
      const lines = output.trimEnd().split("\n").slice(-shownOutputLines);
      if (output !== "") this.#write(`  printed by ${file}:\n${lines.join("\n")}\n`);
    }
  }

  failed() {
    return this.#total.failed + this.#total.cancelled > 0 || this.#failures.length > 0;
  }

  /** Names the failing tests once more and prints the summary as node prints it. */
  end() {
    if (this.#failures.length > 0) {
      const list = this.#failures.map((line) => `  ${line}\n`).join("");
      this.#write(`\n${paint("red", "failing tests:")}\n${list}`);
    }
    const { passed: pass, failed: fail, tests, suites, cancelled, skipped, todo } = this.#total;
    const took = (performance.now() - this.#started).toFixed(3);
    const counts = { tests, suites, pass, fail, cancelled, skipped, todo, duration_ms: took };
    this.#write("\n");
    for (const [name, value] of Object.entries(counts)) this.#write(`ℹ ${name} ${value}\n`);
  }

  #file(path) {
    const file = relative(path);
    if (!this.#files.has(file)) this.#files.set(file, { failed: false, ended: false, skips: [], said: [], output: "" });
    return this.#files.get(file);
  }

  #fail(event) {
    if (event.todo !== undefined) return;
    this.#file(event.file).failed = true;
    const error = event.details.error;
    // A suite or file that only repeats "a subtest failed" says nothing new.
    if (error?.failureType === "subtestsFailed") return;
    this.#failures.push(titleOf(event));
    this.#write(`${paint("red", "✖")} ${titleOf(event)}\n${explain(error)}\n`);
  }

  #endOfFile({ file, counts, duration_ms: ms, success }) {
    const seen = this.#file(file);
    seen.ended = true;
    seen.failed ||= !success;
    for (const key of Object.keys(this.#total)) this.#total[key] += counts[key];
    const notes = [`${counts.tests} tests`, seconds(ms)];
    if (counts.skipped > 0) notes.push(`${counts.skipped} skipped`);
    if (!success) notes.push(`${counts.failed + counts.cancelled} failed`);
    const mark = success ? paint("green", "✔") : paint("red", "✖");
    this.#write(`${mark} ${relative(file)} ${paint("gray", `(${notes.join(", ")})`)}\n`);
    for (const skip of seen.skips) this.#write(`  ${paint("yellow", "﹣")} ${skip}\n`);
    for (const line of seen.said) this.#write(`  ${line}\n`);
  }
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
  const lines = text.split("\n").filter((line) => !/^\s+at .*\bnode:internal\//.test(line));
  return lines.map((line) => `    ${line}`).join("\n");
}
