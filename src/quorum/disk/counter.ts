/** The counters beside the claims: `epoch/counter-00000001`, 16 digits and a line end, written in place and never synced. */
import type { FileHandle, Files } from "../../base/outside.ts";
import { Mutex } from "../../base/mutex.ts";
import { epochName } from "./epoch.ts";
import { hasCode } from "./place.ts";
import type { GenerationFolder } from "./place.ts";

const length = 17;

function counterPath(folder: GenerationFolder, epoch: number): string {
  return `${folder.path}/epoch/counter-${epochName(epoch)}`;
}

/** 0 when nobody wrote it. */
export async function readCounter(folder: GenerationFolder, epoch: number): Promise<number> {
  try {
    return valueOf(await folder.files.read(counterPath(folder, epoch)));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}

function valueOf(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes);
  return /^[0-9]{16}\n$/.test(text) ? Number(text) : 0;
}

/** Reads or writes one counter after the other, with the file of the last one kept open. */
export class OpenCounter {
  readonly #turns = new Mutex();
  #open: { readonly path: string; readonly handle: FileHandle; read: number } | undefined;

  /** As `readCounter`. That a counter stands still is always read from the file that has its name now. */
  read(folder: GenerationFolder, epoch: number): Promise<number> {
    const path = counterPath(folder, epoch);
    return this.#turns.run(async () => {
      if (this.#open?.path === path) {
        // What can't be read by the handle may be read by the name.
        const bytes = await this.#open.handle.read(0, length).catch(() => undefined);
        const value = bytes === undefined ? this.#open.read : valueOf(bytes);
        if (value !== this.#open.read) return (this.#open.read = value);
      }
      await this.#close();
      try {
        const handle = await folder.files.open(path, "read");
        this.#open = { path, handle, read: 0 };
      } catch (error) {
        if (hasCode(error, "ENOENT")) return 0;
        throw error;
      }
      return (this.#open.read = valueOf(await this.#open.handle.read(0, length)));
    });
  }

  /** Only the leader's host writes. */
  write(folder: GenerationFolder, epoch: number, value: number): Promise<void> {
    const path = counterPath(folder, epoch);
    return this.#turns.run(async () => {
      if (this.#open?.path !== path) {
        await this.#close();
        this.#open = { path, handle: await openOrCreate(folder.files, path), read: 0 };
      }
      const bytes = new TextEncoder().encode(`${String(value).padStart(16, "0")}\n`);
      try {
        await this.#open.handle.write(bytes, 0);
      } catch (error) {
        await this.#close();
        throw error;
      }
    });
  }

  /** Lets go of the file; the next call opens it again. */
  letGo(): Promise<void> {
    return this.#turns.run(() => this.#close());
  }

  async #close(): Promise<void> {
    const before = this.#open;
    this.#open = undefined;
    await before?.handle.close().catch(() => undefined);
  }
}

async function openOrCreate(files: Files, path: string): Promise<FileHandle> {
  try {
    return await files.open(path, "update");
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return files.open(path, "create", 0o600);
  }
}
