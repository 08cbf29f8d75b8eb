import { OutsideError, type Files } from "./outside.ts";

/** A file's bytes; undefined when there is no such file, nor its folder. Rejects with any other OutsideError. */
export async function readIfThere(files: Pick<Files, "read">, path: string): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path);
  } catch (cause) {
    if (cause instanceof OutsideError && ["ENOENT", "ENOTDIR"].includes(cause.code)) return undefined;
    throw cause;
  }
}
