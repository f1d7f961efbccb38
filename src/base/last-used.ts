/** @file What is made once and kept by its key, as long as it is among those used last. */

export interface LastUsed<T> {
  /** What is kept under the key, else what `make` gives: it is kept from now on, and the one not used for longest is given up. */
  get(key: string, make: () => T): T;
  /** Forgets one without giving it up. */
  forget(key: string): void;
  /** Forgets all; they are the caller's to give up, in the order of their last use. */
  takeAll(): T[];
}

/** @param giveUp told of what is kept no more */
export function lastUsed<T>(most: number, giveUp: (value: T) => void): LastUsed<T> {
  const known = new Map<string, { readonly value: T }>();
  return {
    get: (key, make) => {
      const entry = known.get(key) ?? { value: make() };
      known.delete(key);
      known.set(key, entry);
      const [oldest] = known;
      if (known.size > most && oldest !== undefined) {
        known.delete(oldest[0]);
        giveUp(oldest[1].value);
      }
      return entry.value;
    },
    forget: (key) => {
      known.delete(key);
    },
    takeAll: () => {
      const all = [...known.values()].map(({ value }) => value);
      known.clear();
      return all;
    },
  };
}
