/**
 * A program for tests: leads the quorum folder of its first argument as the node of its second, appends without end and
 * prints what was acknowledged. Exit code 3: its leadership is over.
 */
import { openOutside } from "../../src/base/outside-node.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import { lead, rebuildFor, recordOf } from "./quorum-scene.ts";

const [place = "", node = ""] = process.argv.slice(2);
const quorum = await openDiskQuorum(openOutside(), place);
const leadership = await lead(quorum, node);
let { sequence } = (await quorum.load()).snapshot.tag;
try {
  for (;;) {
    sequence += 1;
    const record = recordOf(leadership.epoch, sequence);
    if ((await leadership.append(record)) === "unknown") process.exit(3);
    process.stdout.write(`${new TextDecoder().decode(record.body)}\n`);
    if (sequence % 20 === 0) await leadership.snapshot(rebuildFor(leadership.epoch)(await quorum.load()));
  }
} catch {
  process.exit(3);
}
