/** @file Random numbers that depend on their key alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashKey, hashText, mix32, normalNumbers, randomStream } from './random.js';

const key = fc.tuple(fc.integer(), fc.string(), fc.nat(), fc.nat());
const draws = (stream: ReturnType<typeof randomStream>, count: number): number[] =>
  Array.from({ length: count }, () => stream.uniform());
const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('a random stream', () => {
  it('repeats with its key', () => {
    fc.assert(
      fc.property(key, (k) => {
        expect(draws(randomStream(...k), 5)).toEqual(draws(randomStream(...k), 5));
      }),
    );
  });

  it('is another one for another seed, purpose or counter', () => {
    const streams = [
      randomStream(1, 'a', 0),
      randomStream(2, 'a', 0),
      randomStream(1, 'b', 0),
      randomStream(1, 'a', 1),
      randomStream(1, 'a', 0, 0),
      randomStream(1, 'a'),
    ].map((stream) => draws(stream, 3).join());
    expect(new Set(streams).size).toBe(streams.length);
  });

  it('does not depend on what other streams have drawn', () => {
    const [one, other] = [randomStream(1, 'a'), randomStream(1, 'b')];
    const mixed = Array.from({ length: 4 }, () => [one.uniform(), other.normal()][0]);
    expect(mixed).toEqual(draws(randomStream(1, 'a'), 4));
  });

  it('is uniform: mean, variance, and every tenth equally often', () => {
    const values = draws(randomStream(5, 'uniform'), 100_000);
    expect(values.every((x) => x >= 0 && x < 1)).toBe(true);
    // Deviation of the mean 0.0009, of a tenth's count 95.
    expect(meanOf(values)).toBeCloseTo(0.5, 2);
    expect(meanOf(values.map((x) => (x - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    for (let tenth = 0; tenth < 10; tenth++)
      expect(Math.abs(values.filter((x) => Math.floor(x * 10) === tenth).length - 10_000)).toBeLessThan(475);
  });

  it('has neighbours that do not follow from each other', () => {
    const values = draws(randomStream(5, 'neighbours'), 100_000);
    const first = Array.from({ length: 1000 }, (_, step) => randomStream(5, 'steps', step).uniform());
    for (const series of [values, first]) {
      const products = series.slice(1).map((x, i) => (x - 0.5) * ((series[i] as number) - 0.5));
      // Deviation 1/12 / sqrt(n).
      expect(Math.abs(meanOf(products))).toBeLessThan(4 / 12 / Math.sqrt(series.length));
    }
  });

  it('gives normal numbers at once, from any even place on, as one after the other', () => {
    const stream = randomStream(5, 'noise', 7);
    const all = Float32Array.from({ length: 101 }, () => stream.normal() * 0.01);
    expect(normalNumbers([5, 'noise', 7], 0, 101, 0.01)).toEqual(all);
    expect(normalNumbers([5, 'noise', 7], 40, 61, 0.01)).toEqual(all.slice(40));
  });

  it('has normal numbers of mean 0, deviation 1 and kurtosis 3', () => {
    const stream = randomStream(5, 'normal');
    const values = Array.from({ length: 100_000 }, () => stream.normal());
    expect(values.every(Number.isFinite)).toBe(true);
    expect(Math.abs(meanOf(values))).toBeLessThan(0.015);
    expect(Math.abs(meanOf(values.map((x) => x ** 2)) - 1)).toBeLessThan(0.02);
    expect(Math.abs(meanOf(values.map((x) => x ** 4)) - 3)).toBeLessThan(0.15);
  });

  it('shuffles into a permutation, leaves the array as it was, and puts each item everywhere', () => {
    fc.assert(
      fc.property(key, fc.array(fc.integer()), (k, items) => {
        const copy = [...items];
        const shuffled = randomStream(...k).shuffle(items);
        expect(items).toEqual(copy);
        expect([...shuffled].sort()).toEqual([...items].sort());
      }),
    );
    const places = Array.from({ length: 6000 }, (_, i) =>
      randomStream(1, 'shuffle', i).shuffle([0, 1, 2]).join(),
    );
    for (const order of new Set(places))
      expect(Math.abs(places.filter((place) => place === order).length - 1000)).toBeLessThan(120);
    expect(new Set(places).size).toBe(6);
  });

  it('draws integers below a bound', () => {
    const stream = randomStream(2, 'integers');
    const values = Array.from({ length: 1000 }, () => stream.integer(7));
    expect([...new Set(values)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe('hashes', () => {
  it('are 32-bit integers, and mixing loses nothing', () => {
    fc.assert(
      fc.property(key, (k) => {
        for (const hash of [hashKey(k), hashText(k[1]), mix32(k[0])]) expect(hash).toBe(hash | 0);
      }),
    );
    const inputs = Array.from({ length: 50_000 }, (_, i) => i * 0x9e3779b1);
    expect(new Set(inputs.map(mix32)).size).toBe(inputs.length);
  });

  it('stay what they are: a checkpoint of today is resumed with them tomorrow', () => {
    // lowbias32 by hand at 1: x ^= x >>> 16 leaves 1; * 0x7feb352d; ^= >>> 15; * 0x846ca68b; ^= >>> 16.
    const step = Math.imul(0x7feb352d ^ (0x7feb352d >>> 15), 0x846ca68b);
    expect(mix32(1)).toBe((step ^ (step >>> 16)) | 0);
    expect(mix32(0)).toBe(0);
    // FNV-1a of 'a' is 0xe40c292c (the published test vector).
    expect(hashText('a')).toBe(mix32(0xe40c292c));
  });
});
