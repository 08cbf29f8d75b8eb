/** Makes things of keys once: keys never change, so what was made of one stays right as long as it hangs on nothing else. */
import type { Key } from "../tree/key.ts";

/** What `make` makes of a key, made at the first time. */
export function rememberedOf<T>(make: (key: Key) => T): (key: Key) => T {
  const known = new WeakMap<Key, { readonly made: T }>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before.made;
    const made = make(key);
    known.set(key, { made });
    return made;
  };
}

/** The same for what also hangs on other things: the newest is kept for each key, and made anew when one of `on` is another. */
export function rememberedWith<T>(): (key: Key, on: readonly unknown[], make: () => T) => T {
  const known = new WeakMap<Key, { readonly on: readonly unknown[]; readonly made: T }>();
  return (key, on, make) => {
    const before = known.get(key);
    if (before?.on.length === on.length && before.on.every((one, i) => one === on[i])) return before.made;
    const made = make();
    known.set(key, { on, made });
    return made;
  };
}
