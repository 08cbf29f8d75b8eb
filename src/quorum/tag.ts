/**
 * The tag of a database copy: `generation:epoch:sequence`, compared left to right. Sequence grows by one an update,
 * epoch each time a leader takes the quorum, generation each time somebody restores authoritatively or forces quorum.
 */
export interface Tag {
  readonly generation: number;
  readonly epoch: number;
  readonly sequence: number;
}

/** The tag of a new cluster's first image. */
export const firstTag: Tag = { generation: 1, epoch: 0, sequence: 0 };

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export function compareTags(a: Tag, b: Tag): number {
  return a.generation - b.generation || a.epoch - b.epoch || a.sequence - b.sequence;
}

/** `1:3:276`. */
export function formatTag(tag: Tag): string {
  return `${tag.generation}:${tag.epoch}:${tag.sequence}`;
}

/** undefined unless `text` is three decimal numbers joined by colons. */
export function parseTag(text: string): Tag | undefined {
  const match = /^(\d{1,15}):(\d{1,15}):(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  return { generation: Number(match[1]), epoch: Number(match[2]), sequence: Number(match[3]) };
}
