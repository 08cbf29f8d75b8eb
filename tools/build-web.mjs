// `node tools/build-web.mjs [FOLDER]`: builds the web page unless it is built; writes it to FOLDER, or to standard output as JSON
// (path → content in base64), which is how a service that runs from the sources gets it.
import { moveToNewNode } from "./lib/runtime.mjs";
import { webPage, writePage } from "./lib/web-page.mjs";

await moveToNewNode(import.meta.url);

const [folder] = process.argv.slice(2);
if (folder === undefined) process.stdout.write(JSON.stringify(await webPage()));
else console.log(`Wrote ${(await writePage(folder)).join(", ")} to ${folder}.`);
