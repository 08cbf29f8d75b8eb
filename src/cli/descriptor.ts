/** Standard output and error, written to directly: opening a stream for a line takes longer than many commands work. */
import { writeSync } from "node:fs";

/** Writes all of it, in order with what was written before. */
export type Writer = (content: string | Uint8Array) => void;

/**
 * For descriptor 1 or 2. Where a pipe that somebody made non-blocking is full, the rest and all that follows goes through the stream.
 * `failed` is told of a write that does not work, whichever way.
 */
export function writerTo(
  descriptor: 1 | 2,
  stream: () => NodeJS.WriteStream,
  failed: (error: NodeJS.ErrnoException) => void,
): Writer {
  let opened: NodeJS.WriteStream | undefined;
  const open = (): NodeJS.WriteStream => {
    const found = stream();
    found.on("error", failed);
    return found;
  };
  return (content) => {
    if (opened !== undefined) {
      opened.write(content);
      return;
    }
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") {
        failed(error as NodeJS.ErrnoException);
        return;
      }
      opened = open();
      opened.write(bytes.subarray(written));
    }
  };
}
