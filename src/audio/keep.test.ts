/** @file Tests of keeping a span of what passes in pieces. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepSpan } from './keep.js';

/** Passes a ramp in pieces of those sizes. */
function passed(sizes: readonly number[], span: Parameters<typeof keepSpan>[0]) {
  const keeper = keepSpan(span, 1000, 'x');
  let held = 0;
  let at = 0;
  for (const size of sizes) {
    const base = at;
    keeper.pass(size, ({ first, count }) => {
      held += count;
      return Float32Array.from({ length: count }, (_, i) => base + first + i);
    });
    at += size;
  }
  return { keeper, held };
}

it('gives what cutting the whole would give, and holds no more of it', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.nat(99), fc.nat(99), (pieces, from, length) => {
      const total = pieces.reduce((sum, size) => sum + size, 0);
      fc.pre(total > 1);
      const first = Math.floor((total * from) / 100);
      const count = Math.max(1, Math.floor(((total - first) * length) / 100));
      const { keeper, held } = passed(pieces, { startSeconds: first / 1000, durationSeconds: count / 1000 });
      expect([...keeper.finish()]).toEqual(Array.from({ length: count }, (_, i) => first + i));
      expect(held).toBeLessThanOrEqual(count + 2);
    }),
  );
});

it('refuses what is too long without having held it', () => {
  const { keeper, held } = passed(Array(10_000).fill(100), { longestSeconds: 3 });
  expect(() => keeper.finish()).toThrow('the utterance is too long (1000.0 s');
  expect(held).toBeLessThan(3010);
});
