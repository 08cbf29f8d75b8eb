/**
 * A file of records beside a whole image, as docs/safety.md §6 wants it: chained checksums, group commit, torn tail cut.
 * What header and records mean is known by whoever writes them.
 */
import { openDurably } from "./durable.ts";
import { fail } from "./errors.ts";
import { encodeGroup, encodeHeader, longestRecord, scanJournal } from "./journal-format.ts";
import type { Chain } from "./journal-format.ts";
import type { FileHandle, Files } from "./outside.ts";

/** A journal that is open for appending. A record is opaque and has at most `longestRecord` bytes. */
export interface Journal {
  /**
   * Resolves when the record is fsynced. Calls made while a write is under way share the next write and fsync, in call order. After one
   * failure every later call rejects with it: what is on disk is unknown until the journal is opened anew.
   */
  append(record: Uint8Array): Promise<void>;
  /** Bytes of the file that hold the header and fsynced records. */
  size(): number;
  /** Ends after the appends already called. */
  close(): Promise<void>;
}

/** Everything in a journal that counts: the header as it was given, and the fsynced records in order. */
export interface JournalContent {
  readonly header: Uint8Array;
  readonly records: Uint8Array[];
  /** Bytes after the last whole record that were never acknowledged. */
  readonly tornBytes: number;
}

/**
 * Makes an empty journal: temporary file, fsync, then rename ("replace") or link ("exclusive": rejects with EEXIST when the name
 * is taken), then fsync of the folder. Appends go to this very file, even when another one takes its name.
 */
export async function createJournal(
  files: Files,
  path: string,
  header: Uint8Array,
  how: "replace" | "exclusive",
): Promise<Journal> {
  const { bytes, chain } = encodeHeader(header);
  return new FileJournal(await openDurably(files, path, bytes, how), path, bytes.length, chain);
}

/** Opens a journal to append to it; a torn tail is cut off first. Rejects with CLUSTERLOG_CORRUPT, naming the offset. */
export async function openJournal(files: Files, path: string): Promise<JournalContent & { readonly journal: Journal }> {
  const file = await files.open(path, "update");
  try {
    const bytes = await file.read(0, await file.size());
    const { header, records, end, chain } = scanJournal(bytes, path);
    if (end < bytes.length) await file.truncate(end);
    // Also without a torn tail: the writer may have died between its write and its fsync, and what we return counts.
    await file.sync();
    return { journal: new FileJournal(file, path, end, chain), header, records, tornBytes: bytes.length - end };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

/** Reads a journal and leaves it as it is; also while another process appends to it. */
export async function readJournal(files: Files, path: string): Promise<JournalContent> {
  const bytes = await files.read(path);
  const { header, records, end } = scanJournal(bytes, path);
  return { header, records, tornBytes: bytes.length - end };
}

interface Waiting {
  readonly record: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

class FileJournal implements Journal {
  readonly #file: FileHandle;
  readonly #path: string;
  #size: number;
  #chain: Chain;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #failed: { readonly cause: unknown } | undefined;
  #closed: Promise<void> | undefined;

  constructor(file: FileHandle, path: string, size: number, chain: Chain) {
    this.#file = file;
    this.#path = path;
    this.#size = size;
    this.#chain = chain;
  }

  append(record: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) throw this.#failed.cause;
      if (this.#closed !== undefined)
        throw fail("INVALID_HANDLE", { happened: `The journal ${this.#path} is closed.` });
      if (record.length > longestRecord) throw this.#tooLong(record);
      this.#waiting.push({ record, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  size(): number {
    return this.#size;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#flushing;
      await this.#file.close();
    })();
    return this.#closed;
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    // Lets calls of the same turn into the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(group.map(({ record }) => record));
        for (const { resolve } of group) resolve();
      } catch (cause) {
        this.#failed = { cause };
        for (const { reject } of [...group, ...this.#waiting]) reject(cause);
        this.#waiting = [];
      }
    }
    this.#flushing = undefined;
  }

  async #write(records: readonly Uint8Array[]): Promise<void> {
    const { bytes, chain } = encodeGroup(this.#chain, records);
    await this.#file.write(bytes, this.#size);
    await this.#file.sync();
    this.#size += bytes.length;
    this.#chain = chain;
  }

  #tooLong(record: Uint8Array): Error {
    return fail("CLUSTERLOG_RECORD_EXCEEDS_MAXSIZE", {
      happened: `A record of ${record.length} bytes is longer than the ${longestRecord} bytes that the journal ${this.#path} takes.`,
      unchanged: "Nothing was written.",
      next: "Split the change.",
    });
  }
}
