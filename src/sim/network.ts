/**
 * Sockets between simulated processes: whole frames, in order. Between two sides a wall may stand (a cut): frames wait
 * behind it and arrive late when it falls, or the connection breaks after a while.
 */
import { fail } from "../base/errors.ts";
import { longestFrame, OutsideError } from "../base/outside.ts";
import type { Connection, Listener, Net } from "../base/outside.ts";
import { normalPath, type Disk } from "./disk.ts";
import type { SimDoor } from "./door.ts";
import type { Kernel, Range } from "./kernel.ts";
import type { SimProcess } from "./process.ts";

/** Who: a machine, a node, or a process by its name. */
export type Party = string;

/** How wires behave, in milliseconds. */
export interface NetworkSettings {
  /** A connection that waits behind a cut breaks after this. */
  readonly breaksAfter: Range;
  /** `connect` gives up on an unreachable address after this. */
  readonly connectTimeout: Range;
  /** Peers of a machine without power hear of it after this. */
  readonly powerLossNoticed: Range;
  /** The chance that a frame is late, and by how much. */
  readonly lateChance: number;
  readonly late: Range;
}

interface ListenerEntry {
  readonly process: SimProcess;
  readonly accept: (connection: Connection) => void;
  open: boolean;
}

/** All sockets of a world. Addresses are paths and mean the same on every machine. */
export class Network {
  settings: NetworkSettings;
  readonly #kernel: Kernel;
  readonly #listeners = new Map<string, ListenerEntry>();
  readonly #cuts = new Set<{ readonly from: Party; readonly to: Party }>();
  readonly #slow = new Set<{ readonly from: Party; readonly to: Party; readonly ms: number }>();
  readonly #sides = new Set<Side>();

  constructor(kernel: Kernel, settings: NetworkSettings) {
    this.#kernel = kernel;
    this.settings = settings;
  }

  /** Nothing gets from `from` to `to` until the returned function is called (or everything is healed). */
  cut(from: Party, to: Party): () => void {
    const cut = { from, to };
    this.#cuts.add(cut);
    this.#kernel.trace.add(`network cut ${from} → ${to}`);
    return () => {
      if (!this.#cuts.delete(cut)) return;
      this.#kernel.trace.add(`network healed ${from} → ${to}`);
      this.#release();
    };
  }

  /** Cuts both ways. */
  partition(a: Party, b: Party): () => void {
    const heals = [this.cut(a, b), this.cut(b, a)];
    return () => {
      for (const heal of heals) heal();
    };
  }

  /** What `from` sends is longer on its way to `to`, until the returned function is called (or everything is healed). */
  slow(from: Party, to: Party, ms: number): () => void {
    const slow = { from, to, ms };
    this.#slow.add(slow);
    this.#kernel.trace.add(`network ${from} → ${to} ${Math.round(ms)} ms slower`);
    return () => {
      if (this.#slow.delete(slow)) this.#kernel.trace.add(`network ${from} → ${to} as before`);
    };
  }

  heal(): void {
    this.#cuts.clear();
    this.#slow.clear();
    this.#release();
  }

  blocked(from: SimProcess, to: SimProcess): boolean {
    for (const cut of this.#cuts) if (isParty(from, cut.from) && isParty(to, cut.to)) return true;
    return false;
  }

  /** How much longer a frame is on its way than usual. */
  slowness(from: SimProcess, to: SimProcess): number {
    let ms = 0;
    for (const slow of this.#slow) if (isParty(from, slow.from) && isParty(to, slow.to)) ms = Math.max(ms, slow.ms);
    return ms;
  }

  /** The `Net` of one process. */
  netOf(process: SimProcess, door: SimDoor, folder: string): Net {
    const key = (address: string): string => normalPath(address.startsWith("/") ? address : `${folder}/${address}`);
    process.atDeath.push((powerLost) => this.#processDied(process, powerLost));
    return {
      listen: (address, accept) => this.#listen(process, door, key(address), accept),
      connect: (address) => this.#connect(process, door, key(address)),
    };
  }

  /** Sends what waited behind walls that no longer stand. */
  #release(): void {
    for (const side of this.#sides) side.release();
  }

  #listen(process: SimProcess, door: SimDoor, address: string, accept: ListenerEntry["accept"]): Promise<Listener> {
    const entry: ListenerEntry = { process, accept, open: true };
    const disk = process.machine.diskOf(address);
    return door.call({
      name: "net.listen",
      about: address,
      mutates: false,
      effect: () => {
        if (this.#listeners.get(address)?.open === true) throw new OutsideError("EADDRINUSE", address);
        refuseOpenFolder(disk, address);
        const there = disk.find(address);
        if (there !== undefined && there.kind !== "other") throw new OutsideError("EADDRINUSE", `${address} is a file`);
        if (there === undefined) disk.create(address, "other", 0o600, process.machine.clock.wall());
        this.#listeners.set(address, entry);
        return { close: () => this.#closeListener(door, address, entry) };
      },
    });
  }

  #closeListener(door: SimDoor, address: string, entry: ListenerEntry): Promise<void> {
    const { machine } = entry.process;
    return door.call({
      name: "net.close",
      about: address,
      mutates: false,
      effect: () => {
        entry.open = false;
        if (this.#listeners.get(address) !== entry) return;
        this.#listeners.delete(address);
        if (machine.diskOf(address).find(address)?.kind === "other")
          machine.diskOf(address).unlink(address, machine.clock.wall());
      },
    });
  }

  async #connect(process: SimProcess, door: SimDoor, address: string): Promise<Connection> {
    const call = { name: "net.connect", about: address, mutates: false };
    const side = await door.call({ ...call, effect: () => this.#meet(process, address) }, this.#kernel.latencies.frame);
    if (side !== undefined) return side;
    const giveUp = (): never => {
      throw new OutsideError("ETIMEDOUT", address);
    };
    return door.call({ ...call, effect: giveUp }, this.settings.connectTimeout);
  }

  /** undefined: a cut is in the way. A stopped listener's kernel accepts; its process hears of that when it continues. */
  #meet(process: SimProcess, address: string): Side | undefined {
    const entry = this.#listeners.get(address);
    if (entry === undefined) throw new OutsideError("ENOENT", address);
    if (this.blocked(process, entry.process) || this.blocked(entry.process, process)) return undefined;
    if (!entry.open) throw new OutsideError("ECONNREFUSED", address);
    const near = new Side(process, this, this.#kernel);
    const far = new Side(entry.process, this, this.#kernel);
    near.peer = far;
    far.peer = near;
    this.#sides.add(near).add(far);
    entry.process.whenRunning(() => {
      if (entry.open) entry.accept(far);
      else far.close();
    });
    return near;
  }

  #processDied(process: SimProcess, powerLost: boolean): void {
    for (const entry of this.#listeners.values()) if (entry.process === process) entry.open = false;
    for (const side of this.#sides) if (side.process === process) side.died(powerLost);
  }

  forget(side: Side): void {
    this.#sides.delete(side);
  }
}

function refuseOpenFolder(disk: Disk, address: string): void {
  const folder = disk.existing(address.slice(0, address.lastIndexOf("/")));
  if ((folder.mode & 0o077) === 0) return;
  throw fail("ACCESS_DENIED", {
    happened: `The folder of the socket ${address} can be entered by others.`,
    unchanged: "Nothing listens there.",
  });
}

function isParty(process: SimProcess, party: Party): boolean {
  return process.machine.name === party || process.node === party || process.name === party;
}

type Parcel = { readonly frame: Uint8Array } | "close";

class Side implements Connection {
  readonly process: SimProcess;
  peer: Side | undefined;
  readonly #network: Network;
  readonly #kernel: Kernel;
  /** What this side sent and a cut holds back. */
  #held: Parcel[] = [];
  #lastArrival = 0;
  /** Nothing more leaves or arrives. */
  #closed = false;
  #told = false;
  readonly #early: Uint8Array[] = [];
  readonly #onFrame: ((frame: Uint8Array) => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  constructor(process: SimProcess, network: Network, kernel: Kernel) {
    this.process = process;
    this.#network = network;
    this.#kernel = kernel;
  }

  send(frame: Uint8Array): void {
    if (frame.length > longestFrame) throw new OutsideError("EMSGSIZE", `a frame of ${frame.length} bytes`);
    const copy = frame.slice();
    this.process.whenRunning(() => {
      if (!this.#closed) this.#post({ frame: copy });
    });
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame.push(handler);
    if (this.#early.length > 0) this.#soon(() => this.#flush());
  }

  onClose(handler: () => void): void {
    this.#onClose.push(handler);
    if (this.#told) this.#soon(handler);
  }

  close(): void {
    this.process.whenRunning(() => {
      if (this.#closed) return;
      this.#closed = true;
      this.#post("close");
      this.#soon(() => this.#tell());
    });
  }

  /** The process is gone: its kernel closes; a machine without power says nothing. */
  died(powerLost: boolean): void {
    if (this.#closed) return this.#forget();
    this.#closed = true;
    if (!powerLost) this.#post("close");
    this.#forget();
    if (!powerLost) return;
    const notice = this.#kernel.draw(this.#network.settings.powerLossNoticed);
    this.#kernel.scheduler.after(notice, () => this.peer?.arrive("close"));
  }

  /** Sends what was held back, if nothing stands in the way any more. */
  release(): void {
    const { peer } = this;
    if (peer === undefined || this.#held.length === 0 || this.#network.blocked(this.process, peer.process)) return;
    for (const parcel of this.#held.splice(0)) this.#travel(parcel, peer);
    if (this.#closed) this.#forget();
  }

  #post(parcel: Parcel): void {
    const { peer } = this;
    if (peer === undefined) return;
    if (this.#held.length === 0 && !this.#network.blocked(this.process, peer.process))
      return this.#travel(parcel, peer);
    this.#held.push(parcel);
    if (this.#held.length > 1) return;
    this.#kernel.scheduler.after(this.#kernel.draw(this.#network.settings.breaksAfter), () => {
      if (!this.#held.includes(parcel)) return;
      this.#kernel.trace.add(`${this.process.label} connection to ${peer.process.label} broke`);
      this.#held = [];
      this.arrive("close");
      peer.arrive("close");
    });
  }

  #travel(parcel: Parcel, peer: Side): void {
    const { scheduler, random, latencies } = this.#kernel;
    const { lateChance, late } = this.#network.settings;
    const slowness = this.#network.slowness(this.process, peer.process);
    const extra = slowness + (random.chance(lateChance) ? this.#kernel.draw(late) : 0);
    this.#lastArrival = Math.max(this.#lastArrival, scheduler.now + this.#kernel.draw(latencies.frame) + extra);
    scheduler.after(this.#lastArrival - scheduler.now, () => peer.arrive(parcel));
  }

  /** Something reaches this side's kernel. */
  arrive(parcel: Parcel): void {
    if (!this.process.alive) return;
    this.process.whenRunning(() => {
      if (parcel === "close") {
        this.#closed = true;
        this.#tell();
      } else if (!this.#closed) {
        this.#receive(parcel.frame);
      }
    });
  }

  #receive(frame: Uint8Array): void {
    const from = this.peer?.process.label ?? "";
    this.#kernel.trace.add(`${this.process.label} frame of ${frame.length} B from ${from}`);
    if (this.#onFrame.length === 0 || this.#early.length > 0) this.#early.push(frame);
    else for (const handler of this.#onFrame) handler(frame);
  }

  #flush(): void {
    for (const frame of this.#early.splice(0)) for (const handler of this.#onFrame) handler(frame);
  }

  #soon(run: () => void): void {
    this.#kernel.scheduler.after(0, () => this.process.whenRunning(run));
  }

  /** Frames held back for a closed side still leave when the wall falls. */
  #forget(): void {
    if (this.#held.length === 0) this.#network.forget(this);
  }

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    this.#forget();
    this.#kernel.trace.add(`${this.process.label} connection to ${this.peer?.process.label ?? ""} closed`);
    for (const handler of this.#onClose) handler();
  }
}
