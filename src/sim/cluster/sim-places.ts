/** Where the quorum of a simulated cluster may be: in folders of two shared disks, and in etcds, one a place. */
import type { OpenEnds } from "../../daemon/quorum-ends.ts";
import { openDiskQuorum } from "../../quorum/disk/quorum.ts";
import { diskEnd } from "../../recovery/move/disk-end.ts";
import { etcdEnd } from "../../recovery/move/etcd-end.ts";
import type { SimProcess } from "../process.ts";
import type { RandomStream } from "../random.ts";
import type { World } from "../world.ts";
import { quorumPlace } from "./place.ts";
import { type OpenSimQuorum, SimEtcd } from "./sim-etcd.ts";

/** Mount points with their disks, for a world in which quorums move. */
export const sharedDisks: Readonly<Record<string, string>> = { "/quorum": "quorum", "/spare": "spare" };

const etcdRoot = "/etcd/";

/** A quorum's place. For all but who opens it an etcd is a path as any other: its times are a folder's. */
export interface SimPlace {
  readonly kind: "directory" | "etcd";
  readonly place: string;
}

/** All places of one world; of etcds those that were opened once. */
export class SimPlaces {
  readonly #world: World;
  readonly #etcds = new Map<string, SimEtcd>();
  #isTroubled = false;
  #count = 0;

  constructor(world: World, first: SimEtcd | undefined) {
    this.#world = world;
    if (first !== undefined) this.#etcds.set(quorumPlace, first);
  }

  readonly open: OpenSimQuorum = (outside, process, place) =>
    this.#etcdAt(place)?.open(outside, process) ?? openDiskQuorum(outside, place);

  /** How a process opens the ends of a move. */
  endsOf(process: SimProcess): OpenEnds {
    return (outside) =>
      ({ place }) => {
        const etcd = this.#etcdAt(place);
        if (etcd === undefined) return diskEnd(outside, place, { freeBytes: async () => Number.MAX_SAFE_INTEGER });
        return etcdEnd(outside, place, async () => etcd.parts(outside, process));
      };
  }

  /** One in which nothing is yet. */
  fresh(random: RandomStream): SimPlace {
    const name = `q${++this.#count}`;
    const root = random.pick(["/quorum/", "/spare/", etcdRoot, etcdRoot]);
    return { kind: root === etcdRoot ? "etcd" : "directory", place: `${root}${name}` };
  }

  /** Whether the file of a checkpoint version is there, or what stands for it in an etcd. */
  has(place: string, path: string): boolean {
    const etcd = this.#etcdAt(place);
    if (etcd !== undefined) return etcd.has(path);
    return [...this.#world.disks.values()].some((disk) => disk.find(path) !== undefined);
  }

  trouble(): void {
    this.#isTroubled = true;
    for (const etcd of this.#etcds.values()) etcd.trouble();
  }

  heal(): void {
    this.#isTroubled = false;
    for (const etcd of this.#etcds.values()) etcd.heal();
  }

  #etcdAt(place: string): SimEtcd | undefined {
    const known = this.#etcds.get(place);
    if (known !== undefined || !place.startsWith(etcdRoot)) return known;
    const etcd = new SimEtcd(this.#world, place);
    this.#etcds.set(place, etcd);
    if (this.#isTroubled) etcd.trouble();
    return etcd;
  }
}
