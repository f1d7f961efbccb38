/** @file Half precision against values written out by hand and its own laws. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areBelowLargest, decodeHalves, encodeHalves, halfBits, halfValue, largestHalf } from './half.js';

test('halves have the bits of IEEE 754 binary16', () => {
  const known: [number, number][] = [
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00], // the tie above the largest half goes to infinity
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000], // a tie with zero goes to the even one
    [1.5 * 2 ** -24, 0x0002],
    [2 ** -14, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [0.333251953125, 0x3555],
    [Number.POSITIVE_INFINITY, 0x7c00],
  ];
  for (const [value, bits] of known) expect(halfBits(value)).toBe(bits);
  expect(halfValue(halfBits(Number.NaN))).toBeNaN();
});

test('every half survives the way through float32', () => {
  const wrong = Array.from({ length: 65536 }, (_, bits) => bits).filter(
    (bits) => !Number.isNaN(halfValue(bits)) && halfBits(halfValue(bits)) !== bits,
  );
  expect(wrong).toEqual([]);
});

/** Encoded behind other values, which stay. */
function encoded(values: Float32Array): { halves: Uint16Array; fits: boolean } {
  const into = new Uint16Array(values.length + 2).fill(7);
  const fits = encodeHalves(values, into, 1);
  expect([into[0], into.at(-1)]).toEqual([7, 7]);
  return { halves: into.slice(1, -1), fits };
}

test('many at once are encoded as one by one, and what is out of range is told', () => {
  fc.assert(
    fc.property(fc.float32Array({ minLength: 1, maxLength: 50 }), (values) => {
      expect(encoded(values)).toEqual({
        halves: Uint16Array.from(values, halfBits),
        fits: values.every((value) => Math.abs(value) <= largestHalf),
      });
    }),
    { numRuns: 300 },
  );
  const edges = Float32Array.of(
    65519.996,
    65520,
    2 ** -14,
    2 ** -14 - 2 ** -26,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    2047.9999,
  );
  expect(encoded(edges).halves).toEqual(Uint16Array.from(edges, halfBits));
});

test('rounding errs by at most one part in 2048, or half the smallest half', () => {
  fc.assert(
    fc.property(fc.float({ min: -60000, max: 60000, noNaN: true }), (x) => {
      const into = new Float32Array(3);
      decodeHalves(encoded(Float32Array.of(x)).halves, into, 1);
      expect(Math.abs((into[1] as number) - x)).toBeLessThanOrEqual(Math.max(Math.abs(x) / 2048, 2 ** -25));
    }),
  );
});

test('halves below the largest are told from that, infinity and NaN', () => {
  const all = Array.from({ length: 65536 }, (_, bits) => bits);
  const below = all.filter((bits) => Math.abs(halfValue(bits)) < largestHalf);
  for (const place of [0, 1, 2]) {
    const among = (bits: number): Uint16Array =>
      Uint16Array.of(0x7bfe, 0xfbfe, 0x7bfe).fill(bits, place, place + 1);
    expect(all.filter((bits) => areBelowLargest(among(bits)))).toEqual(below);
    expect(all.filter((bits) => areBelowLargest(Uint16Array.of(0x7c00, ...among(bits)).subarray(1)))).toEqual(
      below,
    );
  }
  expect(areBelowLargest(new Uint16Array())).toBe(true);
});
