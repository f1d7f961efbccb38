/** @file What each strategy promises beyond what all do: amounts that match, schedules, blocks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import { type MaskRequest, type MaskSettings, maskDefaults, maskings } from './index.js';
import { countMasked } from './spans.js';

interface Given {
  readonly lengths: readonly number[];
  readonly settings: MaskSettings;
  readonly progress: number;
  readonly seed: number;
}

const given: fc.Arbitrary<Given> = fc.record({
  lengths: fc.array(fc.integer({ min: 2, max: 80 }), { minLength: 1, maxLength: 5 }),
  settings: fc.record({
    probability: fc.double({ min: 0.01, max: 1, noNaN: true }),
    span: fc.integer({ min: 1, max: 12 }),
    epochs: fc.integer({ min: 1, max: 200 }),
    capFrom: fc.double({ min: 0, max: 1, noNaN: true }),
    shareCap: fc.double({ min: 0, max: 1, noNaN: true }),
    adjust: fc.double({ min: 0, max: 0.3, noNaN: true }),
  }),
  progress: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  seed: fc.nat(),
});

/** A request with losses and draws of its own: two strategies asked with it get the same. */
function requestOf({ lengths, settings, progress, seed }: Given): MaskRequest {
  const valuesOf = (purpose: string): Float32Array[] =>
    lengths.map((length, row) => {
      const random = randomStream(seed, purpose, row);
      return Float32Array.from({ length }, () => random.normal());
    });
  const [predictedLoss, actualLoss, energy] = ['loss', 'actual loss', 'energy'].map(valuesOf) as [
    Float32Array[],
    Float32Array[],
    Float32Array[],
  ];
  return {
    predictedLoss,
    actualLoss,
    energy,
    lengths,
    settings,
    progress,
    random: randomStream(seed, 'mask'),
  };
}

const choose = (strategy: string, request: Given): readonly Uint8Array[] =>
  maskings.find(strategy).choose(requestOf(request));

const frames = (count: number, change: Partial<Given> = {}): Given => ({
  lengths: [count, count],
  settings: maskDefaults,
  progress: 0.9,
  seed: 1,
  ...change,
});

const meanMasked = (strategy: string, request: Given): number => {
  const counts = Array.from({ length: 200 }, (_, seed) =>
    countMasked(choose(strategy, { ...request, seed })[0] as Uint8Array),
  );
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
};

/** Lengths of the runs of a value. */
function runsOf(mask: Uint8Array, value: number): number[] {
  const text = Array.from(mask).join('');
  return (text.match(new RegExp(`${value}+`, 'g')) ?? []).map((run) => run.length);
}

describe('random-matched masking', () => {
  it('hides exactly as many frames as easy-to-hard would, for any losses, lengths and settings', () => {
    fc.assert(
      fc.property(given, (request) => {
        const [hard, matched] = [choose('easy-to-hard', request), choose('random-matched', request)];
        expect(matched.map(countMasked)).toEqual(hard.map(countMasked));
      }),
      { numRuns: 400 },
    );
  });

  it('hides other frames: those of high predicted loss no more often than others', () => {
    const [length, hardest] = [200, 40];
    const share = (strategy: string): number => {
      const shares = Array.from({ length: 100 }, (_, seed) => {
        const request = frames(length, { seed });
        const [loss] = requestOf(request).predictedLoss as [Float32Array];
        const order = [...loss.keys()].sort((a, b) => (loss[b] as number) - (loss[a] as number));
        const [mask] = choose(strategy, request) as [Uint8Array];
        return (
          order.slice(0, hardest).filter((t) => mask[t] === 1).length / hardest / (countMasked(mask) / length)
        );
      });
      return shares.reduce((sum, x) => sum + x, 0) / shares.length;
    };
    expect(share('easy-to-hard')).toBeGreaterThan(1.3);
    expect(Math.abs(share('random-matched') - 1)).toBeLessThan(0.1);
  });

  it('hides whole spans but for the frames that are taken back', () => {
    const [mask] = choose('random-matched', frames(400)) as [Uint8Array];
    const cut = runsOf(mask, 1).filter((run) => run < maskDefaults.span);
    // At most span - 1 frames are taken back, and each cuts one run into two at most.
    expect(cut.length).toBeLessThanOrEqual(2 * (maskDefaults.span - 1));
  });
});

describe('hard-only masking', () => {
  it('is easy-to-hard masking at the cap, at any time of the training', () => {
    fc.assert(
      fc.property(given, (request) => {
        const capped = { ...request, settings: { ...request.settings, capFrom: 0 } };
        expect(choose('hard-only', request)).toEqual(choose('easy-to-hard', capped));
      }),
      { numRuns: 100 },
    );
  });
});

describe('block masking', () => {
  it('leaves exactly the visible share of frames', () => {
    for (const [probability, masked] of [
      [0.5, 200],
      [0.8, 320],
      [0.65, 260],
    ] as const) {
      const request = frames(400, { settings: { ...maskDefaults, probability } });
      expect(choose('block', request).map(countMasked)).toEqual([masked, masked]);
    }
  });

  it('keeps blocks: the visible frames stand in longer runs than single frames would', () => {
    const [mask] = choose('block', frames(400, { settings: { ...maskDefaults, probability: 0.8 } })) as [
      Uint8Array,
    ];
    const visible = runsOf(mask, 0);
    const whole = visible.filter((run) => run >= maskDefaults.span).reduce((sum, run) => sum + run, 0);
    // A fifth of the frames drawn one by one would stand in runs of five or more once in 3000 times.
    expect(whole / 80).toBeGreaterThan(0.5);
  });
});

describe('the controls are easy-to-hard masking by other numbers', () => {
  const negated = (values: Float32Array): Float32Array => values.map((value) => -value);
  it.each([
    ['oracle-hard', ({ actualLoss = [] }: MaskRequest) => actualLoss],
    ['oracle-easy', ({ actualLoss = [] }: MaskRequest) => actualLoss.map(negated)],
    ['energy', ({ energy = [] }: MaskRequest) => energy],
  ])('%s', (strategy, numbers) => {
    fc.assert(
      fc.property(given, (drawn) => {
        const request = requestOf(drawn);
        const masks = maskings.find(strategy).choose(requestOf(drawn));
        expect(masks).toEqual(
          maskings.find('easy-to-hard').choose({ ...request, predictedLoss: numbers(request) }),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('and say so where a caller does not give what they need', () => {
    const { actualLoss: _, ...request } = requestOf(frames(40));
    expect(() => maskings.find('oracle-hard').choose(request)).toThrow('the request has no actualLoss');
  });
});

describe('over a training', () => {
  const at = (progress: number): Given => frames(400, { progress });
  it('easy-to-hard hides ever fewer frames, random and block as many as ever', () => {
    expect(meanMasked('easy-to-hard', at(0.9))).toBeLessThan(meanMasked('easy-to-hard', at(0)));
    expect(meanMasked('random', at(0.9))).toBe(meanMasked('random', at(0)));
    expect(meanMasked('block', at(0.9))).toBe(meanMasked('block', at(0)));
  });

  it('each strategy says its share of hard starts', () => {
    const shares = (progress: number) =>
      Object.fromEntries(
        maskings.all().map(({ name, hardShare }) => [name, hardShare(maskDefaults, progress)]),
      );
    const none = { random: 0, 'random-matched': 0, block: 0 };
    const scheduled = (share: number) =>
      Object.fromEntries(
        ['easy-to-hard', 'oracle-hard', 'oracle-easy', 'energy'].map((name) => [name, share]),
      );
    expect(shares(0)).toEqual({ ...scheduled(1 / 150), 'hard-only': 0.8, ...none });
    expect(shares(0.75)).toEqual({ ...scheduled(0.8), 'hard-only': 0.8, ...none });
  });
});
