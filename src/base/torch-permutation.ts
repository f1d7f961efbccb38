/** @file torch's random permutation of a seed, bit for bit and without torch: some published splits were drawn with it. */

/** Words of the Mersenne Twister's state (MT19937, Matsumoto and Nishimura 1998), and the distance that it twists over. */
const [words, distance] = [624, 397];

/** The 32-bit numbers of MT19937 from a seed, as `torch.Generator` on the processor makes them. */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(words);
  state[0] = seed;
  for (let i = 1; i < words; i++) {
    const before = state[i - 1] as number;
    state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  let at = words;
  const twist = (): void => {
    for (let i = 0; i < words; i++) {
      const mixed = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % words] as number) & 0x7fffffff);
      const odd = mixed & 1 ? 0x9908b0df : 0;
      state[i] = (state[(i + distance) % words] as number) ^ (mixed >>> 1) ^ odd;
    }
    at = 0;
  };
  return () => {
    if (at === words) twist();
    let value = state[at++] as number;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  };
}

/**
 * `torch.randperm(count)` on the processor after `torch.manual_seed(seed)` (aten/src/ATen/native/TensorFactories.cpp).
 * @param count of items, below 2^32
 * @param seed below 2^32
 */
export function torchPermutation(count: number, seed: number): number[] {
  const next = mersenneTwister(seed);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < count - 1; i++) {
    const other = i + (next() % (count - i));
    const kept = order[i] as number;
    order[i] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
