/** Partitions of images as text. */

/** In bytes; `inode` of the image, which stays when it is renamed. */
export interface ImageSource {
  readonly image: string;
  readonly offset: number;
  readonly size: number;
  readonly inode: bigint;
}

/** `<image>@<offset>+<size>#<inode>`. */
export function sourceText({ image, offset, size, inode }: ImageSource): string {
  return `${image}@${offset}+${size}#${inode}`;
}

/** @throws when it is none of `sourceText`'s */
export function sourceOf(text: string): ImageSource {
  const [, image, offset, size, inode = ""] = /^(.*)@(\d+)\+(\d+)#(\d+)$/s.exec(text) ?? [];
  if (image === undefined) throw new Error(`${text} is no partition of an image`);
  return { image, offset: Number(offset), size: Number(size), inode: BigInt(inode) };
}
