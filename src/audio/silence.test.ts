/** @file Tests of the removal of silence: laws, and cases counted by hand. `test/sox-effects.test.ts` has SoX itself. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutSilence } from './silence.js';

const loud = (length: number, from = 0): number[] =>
  Array.from({ length }, (_, i) => ((from + i) % 2 === 0 ? 0.25 : -0.5));
const quiet = (length: number): number[] => new Array<number>(length).fill(0);

test('speech without pauses stays as it is, and silence alone leaves nothing', () => {
  const speech = Float32Array.from(loud(5000));
  expect(withoutSilence(speech)).toEqual(speech);
  expect(withoutSilence(new Float32Array(50_000))).toHaveLength(0);
  expect(withoutSilence(new Float32Array(0))).toHaveLength(0);
});

test('a pause goes, from 20 ms behind the last loud sample on; what is shorter than 0.1 s between two pauses goes too', () => {
  // The window of 320 samples is loud until the last loud sample is 320 back. Of those, 1600 silent ones make a pause.
  const [pause, blip] = [quiet(4000), loud(1200)];
  const samples = Float32Array.from([...loud(3000), ...pause, ...blip, ...pause, ...loud(2000, 1)]);
  const left = withoutSilence(samples);
  expect([...left]).toEqual([...Float32Array.from([...loud(3000), ...quiet(319), ...loud(2000, 1)])]);
});

test('a pause shorter than 0.1 s stays', () => {
  const samples = Float32Array.from([...loud(3000), ...quiet(319 + 1599), ...loud(2000)]);
  expect(withoutSilence(samples)).toEqual(samples);
});

test('what is left is a part of what was given, in order', () => {
  const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.constantFrom(0, 0.0005, 0.1, 1)), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(parts, (spans) => {
      let at = 0;
      // No two samples are alike, so that their places are known.
      const samples = Float32Array.from(
        spans.flatMap(([length, level]) =>
          Array.from({ length }, () => level * (0.5 + 2 ** -20 * ++at) * (at % 2 === 0 ? 1 : -1)),
        ),
      );
      const left = withoutSilence(samples);
      let from = 0;
      for (const value of left) {
        from = samples.indexOf(value, from) + 1;
        if (from === 0) return false;
      }
      return true;
    }),
    { numRuns: 60 },
  );
});
