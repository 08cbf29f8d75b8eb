// An application that does nothing but write where others look: `counting-app.mjs LINES-FILE`, one line a millisecond.
// Lines: `INSTANCE NUMBER MONOTONIC-MS GENERATION OWNERSHIP`.
import { openSync, writeSync } from "node:fs";

const [linesPath] = process.argv.slice(2);
const file = openSync(linesPath, "a");
const instance = `${Math.random().toString(36).slice(2)}`;
const token = `${process.env.CLUBAR_GENERATION} ${process.env.CLUBAR_OWNERSHIP}`;
let number = 0;
setInterval(
  () => writeSync(file, `${instance} ${number++} ${(Number(process.hrtime.bigint()) / 1e6).toFixed(3)} ${token}\n`),
  1,
);
