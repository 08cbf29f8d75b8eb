// The application of the end to end tests: holds an exclusive lock of the kernel while it runs and writes down when it ran, by a clock
// that counts suspend. `lock-app.mjs LOCK-FILE|- LINES-FILE [MS]`; its setting comes from the environment variable SETTING. Without a lock
// where machines share a file system that real ones don't: a frozen machine would keep it. MS: how often it writes, 10 unless given.
// Lines: `start|alive|stop BOOT-MS INSTANCE SETTING`; `locked-out …` when somebody else holds the lock, which must never happen.
import { randomBytes } from "node:crypto";
import { appendFileSync, openSync } from "node:fs";
import koffi from "koffi";

const [lockPath, linesPath, every = "10"] = process.argv.slice(2);
const libc = koffi.load("libc.so.6");
const flock = libc.func("int flock(int fd, int operation)");
const timespec = koffi.struct({ tv_sec: "int64", tv_nsec: "int64" });
const clockGettime = libc.func("clock_gettime", "int", ["int", koffi.out(koffi.pointer(timespec))]);
const CLOCK_BOOTTIME = 7;
const LOCK_EX_NB = 2 | 4;

function bootMs() {
  const now = {};
  clockGettime(CLOCK_BOOTTIME, now);
  return Number(now.tv_sec) * 1000 + Number(now.tv_nsec) / 1e6;
}

const instance = randomBytes(6).toString("hex");
const setting = process.env.SETTING ?? "";
const say = (what) => appendFileSync(linesPath, `${what} ${bootMs().toFixed(3)} ${instance} ${setting}\n`);

if (lockPath !== "-" && flock(openSync(lockPath, "a"), LOCK_EX_NB) !== 0) {
  say("locked-out");
  process.exit(1);
}
say("start");
process.on("SIGTERM", () => {
  say("stop");
  process.exit(0);
});
setInterval(() => say("alive"), Number(every));
