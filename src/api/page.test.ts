import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { openScene } from "../../test/api/scene.ts";
import { sz } from "../tree/value.ts";

test("the page shows the cluster, escapes everything and runs only its own script", async () => {
  const scene = await openScene();
  try {
    scene.edit({ kind: "set-value", path: "Groups\\g", value: sz("Name", '<img src=x onerror="alert(1)">') });
    const answer = await scene.fetch("/page");
    const text = await answer.text();
    assert.match(text, /<h1>TOWER<\/h1>/);
    assert.ok(text.includes("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;"));
    assert.ok(!text.includes("<img"));
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'none'; .*frame-ancestors 'none'$/);
    for (const part of ["style", "script"]) {
      const content = new RegExp(`<${part}>([^]*?)</${part}>`).exec(text)?.[1] ?? "";
      assert.ok(content.length > 100);
      assert.ok(policy.includes(`${part}-src 'sha256-${createHash("sha256").update(content).digest("base64")}'`));
    }
    const json = (await (await scene.fetch("/page/status.json")).json()) as { html: string };
    assert.ok(text.includes(json.html));
  } finally {
    await scene.close();
  }
});

test("the first sentence says what is wrong", async () => {
  const scene = await openScene();
  const first = async (): Promise<string> =>
    /<p class="lead">(.*?)<\/p>/.exec(await (await scene.fetch("/page")).text())?.[1] ?? "";
  try {
    assert.equal(await first(), '<span class="warn">1 of 2 nodes up. All groups are as they should be.</span>');
    scene.status = { state: "alone", because: "No leader.", leader: undefined };
    assert.match(
      await first(),
      /class="bad">Node N1 is no member now \(alone\)\. No leader\. No leader is known\. What is shown below may be old\./,
    );
  } finally {
    await scene.close();
  }
});
