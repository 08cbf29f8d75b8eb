/** Partitions of images as text. */

/** In bytes. */
export interface ImageSource {
  readonly image: string;
  readonly offset: number;
  readonly size: number;
}

/** `<image>@<offset>+<size>`. */
export function sourceText({ image, offset, size }: ImageSource): string {
  return `${image}@${offset}+${size}`;
}

/** @throws when it is none of `sourceOf`'s */
export function sourceOf(text: string): ImageSource {
  const [, image, offset, size] = /^(.*)@(\d+)\+(\d+)$/.exec(text) ?? [];
  if (image === undefined) throw new Error(`${text} is no partition of an image`);
  return { image, offset: Number(offset), size: Number(size) };
}
