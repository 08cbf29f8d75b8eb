/** The story's quorum on an etcd of three members, which this process starts beside the nodes. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openOutside } from "../../base/outside-node.ts";
import { type EtcdClient, getAll, prefixEnd } from "../../quorum/etcd/client.ts";
import { connectEtcd } from "../../quorum/etcd/connect.ts";
import { parseEtcdPlace } from "../../quorum/etcd/place.ts";
import { type EtcdMember, etcdPlaceOf, etcdProgram, makeEtcdMembers } from "./etcd-members.ts";
import { seconds } from "./step-1-form.ts";
import { type Story, StepFailed, type StoryQuorum } from "./story.ts";
import type { Web } from "./web.ts";

/** etcd's defaults, in milliseconds. */
const times = { heartbeat: 100, election: 1000 };

/** Makes the members below `folder`; `StepFailed` where there is no etcd. */
export async function makeEtcdQuorum(folder: string): Promise<EtcdQuorum> {
  if (etcdProgram === undefined) {
    throw new StepFailed(
      "There is no etcd on this machine. Install Debian's package etcd-server, or start without --quorum.",
    );
  }
  const below = join(folder, "etcd");
  mkdirSync(below, { mode: 0o700 });
  const members = await makeEtcdMembers(below, 3, times);
  const place = etcdPlaceOf(members, `election=${times.election}`);
  return new EtcdQuorum(place, members, await connectEtcd(openOutside().files, parseEtcdPlace(place)));
}

/** An etcd that the story starts, wounds and ends. */
export class EtcdQuorum implements StoryQuorum {
  readonly place: string;
  readonly title = "three members of etcd";
  readonly #members: readonly EtcdMember[];
  readonly #client: EtcdClient;

  constructor(place: string, members: readonly EtcdMember[], client: EtcdClient) {
    this.place = place;
    this.#members = members;
    this.#client = client;
  }

  /** Resolves when a member leads. */
  async start(story: Story): Promise<void> {
    for (const member of this.#members) member.start();
    await story.until("a member of etcd leads", () => this.#leader());
  }

  /** The service answers all the time, and a change is acknowledged while etcd elects. */
  async killLeader(story: Story, web: Web): Promise<void> {
    story.heading("3b. etcd's leader is killed");
    const leader = await story.until("a member of etcd leads", () => this.#leader());
    const before = await web.fetch();
    const node = await story.ownerOf("Web");
    const begun = performance.now();
    await leader.kill();
    story.line(`kill -9 of ${leader.name}`);
    await story.clubar(node, ["group", "create", "While etcd elects"]);
    story.line(
      `Acknowledged ${seconds(begun)} after the kill. Still serving, never stopped: ${(await web.fetch()).text}`,
    );
    if ((await web.fetch()).key !== before.key) throw new StepFailed("Another instance answers.");
    leader.start();
    await story.clubar(node, ["group", "delete", "While etcd elects"]);
  }

  async loseCheckpoints(): Promise<string> {
    const { found } = await this.#client.txn({ does: [getAll("/clubar/generation/", true)] });
    const places = new Set<string>();
    let count = 0;
    for (const { key } of found[0] ?? []) {
      const root = /^(.*)\/version\//.exec(key)?.[1];
      if (root === undefined) continue;
      count += 1;
      places.add(`${root}/version/`);
    }
    for (const from of places) await this.#client.txn({ does: [{ remove: from, to: prefixEnd(from) }] });
    return `${count} checkpoint versions removed from etcd`;
  }

  /** Before the nodes are asked to stop it must answer; so it goes last. */
  async end(): Promise<void> {
    this.#client.close();
    for (const member of this.#members) await member.kill("SIGTERM");
  }

  async #leader(): Promise<EtcdMember | undefined> {
    const leader = (await this.#client.members()).find(({ status }) => status?.isLeader === true);
    return this.#members.find(({ endpoint }) => endpoint === leader?.endpoint);
  }
}
