/** @file Utterances of one length that share a run: which they are, and that their features are those of each alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatsOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import type { Encoder } from '../encoders/encoder.js';
import { loadEncoder } from '../encoders/load.js';
import { engineUnderTest, type TestEngine } from '../engine/engines.fixture.js';
import { batchSize, equalLengths, type Sharing, sharingOn } from './equal-lengths.js';
import { extractPooled } from './extract.js';
import { toyEncoder } from './toy-encoder.fixture.js';

async function* from<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

const batchesOf = async (lengths: readonly (number | undefined)[], sharing: Sharing) => {
  const batches: number[][] = [];
  const items = lengths.map((length, place) => ({ length, place }));
  for await (const batch of equalLengths(from(items), sharing, ({ length }) => length))
    batches.push(batch.map(({ place }) => place));
  return batches;
};

describe('utterances of one length', () => {
  it('are gathered, each once, in batches of one length that are no larger than they may be', async () => {
    const length = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 9 }));
    const sharing = fc.record({
      mostUtterances: fc.integer({ min: 1, max: 8 }),
      mostSamples: fc.integer({ min: 0, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(length, { maxLength: 60 }), sharing, async (lengths, limits) => {
        const batches = await batchesOf(lengths, limits);
        expect(batches.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
        for (const batch of batches) {
          const [first = 0] = batch.map((place) => lengths[place]);
          expect(batch.every((place) => lengths[place] === lengths[batch[0] as number])).toBe(true);
          expect(Math.log2(batch.length) % 1).toBe(0);
          expect(batch.length).toBeLessThanOrEqual(Math.max(1, limits.mostUtterances));
          if (batch.length > 1) expect(batch.length * first).toBeLessThanOrEqual(limits.mostSamples);
        }
        expect(await batchesOf(lengths, limits)).toEqual(batches);
      }),
    );
  });

  it('wait for others of their length, but not for ever', async () => {
    const sharing = { mostUtterances: 4, mostSamples: 8 };
    expect(await batchesOf([2, 3, 2, undefined, 2, 2, 3, 9, 2], sharing)).toEqual([
      [3],
      [0, 2, 4, 5],
      [1, 6],
      [7],
      [8],
    ]);
    // 128 samples may wait: of lengths that all differ the first one goes then.
    const different = Array.from({ length: 100 }, (_, i) => i / 1000 + 2);
    let taken = 0;
    async function* counted(): AsyncGenerator<number> {
      for (const length of different) {
        taken++;
        yield length;
      }
    }
    for await (const batch of equalLengths(counted(), sharing, (each) => each)) {
      expect(batch).toEqual([different[0]]);
      break;
    }
    expect(taken).toBeLessThan(70);
  });

  it('share a run up to seconds of audio: few on the processor, many on a device', () => {
    const [processor, device] = [sharingOn({ provider: 'cpu' }), sharingOn({ provider: 'cuda' })];
    expect([16_000, 16_001, 48_000, 80_000, 480_000].map((samples) => batchSize(samples, processor))).toEqual(
      [8, 4, 2, 1, 1],
    );
    expect([16_000, 160_000, 480_000, 960_000].map((samples) => batchSize(samples, device))).toEqual([
      64, 4, 2, 1,
    ]);
  });
});

/** The largest difference of means together from means alone, over the largest mean. */
async function apart(
  name: TestEngine,
  encoder: Encoder,
  utterances: readonly Float32Array[],
): Promise<number> {
  const extract = extractPooled(await engineUnderTest(name), encoder);
  const together = await extract.together(utterances);
  let [most, largest] = [0, 0];
  for (const [i, samples] of utterances.entries()) {
    const alone = await extract(samples);
    expect(together[i]?.frames).toBe(alone.frames);
    expect(together[i]?.means.shape).toEqual(alone.means.shape);
    const found = floatsOf((together[i] as typeof alone).means);
    for (const [at, value] of floatsOf(alone.means).entries()) {
      most = Math.max(most, Math.abs(value - (found[at] as number)));
      largest = Math.max(largest, Math.abs(value));
    }
  }
  await extract.dispose();
  return most / largest;
}

const huggingface = (name: string): Promise<Encoder> => loadEncoder(`test/fixtures/huggingface/${name}`);

describe('means of utterances that share a run', () => {
  it.each(['onnx', 'device'] as const)(
    'are those of each alone, within 2e-6 of the largest: %s',
    async (name) => {
      const encoders = await Promise.all([
        toyEncoder(1),
        loadEncoder('fbank'),
        loadEncoder('random:tiny'),
        huggingface('wav2vec2-group'),
        huggingface('wavlm-layer'),
      ]);
      const size = fc.constantFrom(2, 4);
      const samples = fc.integer({ min: 3, max: 4000 });
      await fc.assert(
        fc.asyncProperty(
          fc.nat(),
          size,
          samples,
          fc.nat({ max: encoders.length - 1 }),
          async (seed, count, length, which) => {
            const random = randomStream(seed, 'noise');
            const utterances = Array.from({ length: count }, (_, i) =>
              Float32Array.from({ length }, () => (0.1 + 0.1 * i) * random.normal()),
            );
            expect(await apart(name, encoders[which] as Encoder, utterances)).toBeLessThan(2e-6);
          },
        ),
        { numRuns: 20 },
      );
    },
  );
});
