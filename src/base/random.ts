/** @file Counter-based random numbers: a value depends on its key alone, never on the order of work. */

/** What a random number is for: seed, purpose, then any counters (step, index, ...). */
export type RandomKey = readonly [seed: number, purpose: string, ...counters: number[]];

/** One round of the 32-bit finaliser `lowbias32` (Wellons, "Prospecting for Hash Functions"). */
export function mix32(value: number): number {
  let x = value | 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x | 0;
}

/** A 32-bit hash of a text (FNV-1a, then mixed). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix32(hash);
}

/** Folds a key into one 32-bit integer. */
export function hashKey(key: RandomKey): number {
  const [seed, purpose, ...counters] = key;
  let hash = mix32(seed ^ 0x9e3779b9);
  hash = mix32(hash ^ hashText(purpose));
  for (const counter of counters) hash = mix32(Math.imul(hash, 0x2c1b3c6d) ^ mix32(counter + 0x165667b1));
  return hash;
}

/** A stream of random numbers that starts at a key: the same calls in the same order give the same numbers. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform integer in [0, below). */
  integer(below: number): number;
  /** Standard normal (Box-Muller, which makes two at a time). */
  normal(): number;
  /** A new array with the items in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

export function randomStream(...key: RandomKey): RandomStream {
  const base = hashKey(key);
  const base2 = secondBase(base);
  let counter = 0;
  /** The second of a pair of normal numbers. */
  let spare: number | undefined;
  const uniform = (): number => {
    const value = uniformAt(base, base2, counter);
    counter = (counter + 2) | 0;
    return value;
  };
  const integer = (below: number): number => Math.floor(uniform() * below);
  return {
    uniform,
    integer,
    normal: () => {
      if (spare !== undefined) {
        const held = spare;
        spare = undefined;
        return held;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle: (items) => {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const held = result[i] as (typeof result)[number];
        result[i] = result[j] as (typeof result)[number];
        result[j] = held;
      }
      return result;
    },
  };
}

const secondBase = (base: number): number => mix32(base ^ 0x5bd1e995);

/** Uniform in [0, 1), with 53 bits: of the two draws behind the first `counter` of a stream. */
function uniformAt(base: number, base2: number, counter: number): number {
  const high = mix32(mix32(((counter + 1) | 0) ^ base) ^ base2) >>> 5;
  const low = mix32(mix32(((counter + 2) | 0) ^ base) ^ base2) >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

/**
 * The numbers `first` to `first + count` that `randomStream(...key).normal()` would give, counted from 0: at once, and from
 * any place on.
 * @param first even: they come in pairs
 */
export function normalNumbers(key: RandomKey, first: number, count: number, deviation = 1): Float32Array {
  const base = hashKey(key);
  const base2 = secondBase(base);
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    // A number takes two draws.
    const counter = (2 * (first + i)) | 0;
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(base, base2, counter)));
    const angle = 2 * Math.PI * uniformAt(base, base2, (counter + 2) | 0);
    numbers[i] = radius * Math.cos(angle) * deviation;
    // Behind the end nothing is written.
    numbers[i + 1] = radius * Math.sin(angle) * deviation;
  }
  return numbers;
}
