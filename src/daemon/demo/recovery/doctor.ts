/** What `clubar doctor` says, in the story. */
import type { Diagnosis } from "../../../recovery/doctor.ts";
import type { NodeProcess } from "../node-process.ts";
import type { Story } from "../story.ts";

/** Resolves once the doctor ends with 0. */
export async function nothingIsWrong(story: Story): Promise<string> {
  const node = await story.ownerOf("Web");
  const { verdict } = await story.until(
    "the doctor finds nothing wrong",
    async () => {
      const found = JSON.parse(await story.quietly(node, ["doctor", "--json"], anything)) as Diagnosis;
      return found.exit === 0 && found;
    },
    1000,
  );
  story.command(node, ["doctor"]);
  return `${verdict} It took`;
}

const anything = [1, 4, 5, 6, 8, 10, 11, 12, 75];

/** Resolves once the doctor gives a command that matches; prints the verdict and that command. */
export async function askDoctor(story: Story, node: NodeProcess, command: RegExp): Promise<Diagnosis> {
  const diagnosis = await story.until(
    `the doctor says ${command.source}`,
    async () => {
      const found = JSON.parse(await story.quietly(node, ["doctor", "--json"], anything)) as Diagnosis;
      return found.next.some((advice) => command.test(advice.command)) && found;
    },
    1000,
  );
  story.command(node, ["doctor"]);
  story.line(diagnosis.verdict);
  story.line(diagnosis.restore.sentence);
  for (const advice of diagnosis.next)
    story.line(`Next: ${advice.command.replaceAll(`${story.folder}/`, "")}   (${advice.why})`);
  return diagnosis;
}
