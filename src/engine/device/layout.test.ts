import fc from 'fast-check';
import { expect, it } from 'vitest';
import { outputName } from '../model-names.js';
import { layoutOf } from './layout.js';

const tensor = fc.record({ size: fc.integer({ min: 1, max: 2000 }), first: fc.nat(5), more: fc.nat(3) });

it('gives tensors that are needed at the same time places of their own, and others the same', () => {
  fc.assert(
    fc.property(fc.array(tensor, { maxLength: 12 }), (tensors) => {
      const between = tensors.map(({ size }, i) => ({
        path: `${i}`,
        shape: [size],
        dtype: 'float32' as const,
      }));
      const stages = Array.from({ length: 9 }, (_, stage) => ({
        model: {
          inputs: tensors.flatMap(({ first, more }, i) =>
            stage === first + more ? [outputName(`${i}`)] : [],
          ),
          outputs: tensors.flatMap(({ first }, i) => (stage === first ? [outputName(`${i}`)] : [])),
        },
        fused: [],
      }));
      const { bytes, offsets } = layoutOf(stages, between);
      const places = tensors.map(({ size, first, more }, i) => {
        const start = offsets.get(`${i}`) as number;
        return { start, end: start + 4 * size, first, last: first + more };
      });
      for (const [i, a] of places.entries()) {
        expect(a.start % 256).toBe(0);
        expect(a.end).toBeLessThanOrEqual(bytes);
        for (const b of places.slice(0, i))
          if (a.first <= b.last && b.first <= a.last) expect(a.start >= b.end || b.start >= a.end).toBe(true);
      }
      const neededAt = Array.from({ length: 9 }, (_, stage) =>
        places.reduce(
          (sum, { start, end, first, last }) =>
            sum + (first <= stage && stage <= last ? Math.ceil((end - start) / 256) * 256 : 0),
          0,
        ),
      );
      expect(bytes).toBeGreaterThanOrEqual(Math.max(...neededAt));
    }),
  );
});

it('reuses what no later stage reads', () => {
  const named = (paths: readonly string[]): string[] => paths.map(outputName);
  const stages = [
    { model: { inputs: [], outputs: named(['a']) }, fused: [] },
    { model: { inputs: named(['a']), outputs: named(['b']) }, fused: [] },
    { model: { inputs: named(['b']), outputs: named(['c']) }, fused: [] },
    { model: { inputs: named(['c']), outputs: [] }, fused: [] },
  ];
  const between = ['a', 'b', 'c'].map((path) => ({ path, shape: [64], dtype: 'float32' as const }));
  expect(layoutOf(stages, between).bytes).toBe(512);
});
