/** @file Verdicts of a study: beyond chance of seeds and test set, or what could have been seen. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../tasks/index.js';
import type { StoredRecord } from '../record.js';
import { newRecord } from '../records.fixture.js';
import { writeRecord } from '../store.js';
import { type StudyPair, studyVerdicts } from './verdicts.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-verdicts-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Of 200 utterances, so many are right, from the `first` one on. */
function record(encoder: string, right: number, first = 0, utterances = 200): Promise<StoredRecord> {
  const lines = Array.from({ length: utterances }, (_, i) => ({
    id: `u${i}`,
    prediction: (i - first + utterances) % utterances < right ? 'yes' : 'no',
    reference: 'yes',
  }));
  const value = right / utterances;
  return writeRecord(
    folder,
    newRecord({
      encoder: { name: encoder, spec: encoder, hash: `hash of ${encoder}`, family: 'ehmam' },
      task: { name: 'ks', version: 1 },
      metrics: { accuracy: { value, direction: 'higher', utterances } },
    }),
    lines,
  );
}

const seedsOf = (strategy: string, right: readonly number[], first = 0): Promise<StoredRecord[]> =>
  Promise.all(right.map((each, seed) => record(`${strategy}${seed}`, each, first)));

const pair = (
  strategy: string,
  before: readonly StoredRecord[],
  after: readonly StoredRecord[],
  others: StudyPair['others'] = [],
): StudyPair => ({
  ...{ size: 'tiny', strategy, task: 'ks', metric: 'accuracy', direction: 'higher', before, after, others },
});

describe('verdicts of a study', () => {
  it('are better and worse where all seeds agree, and no difference where seeds differ as much as strategies', async () => {
    const random = await seedsOf('random', [100, 102, 98]);
    const pairs = [
      pair('hard', random, await seedsOf('hard', [140, 138, 142])),
      pair('block', random, await seedsOf('block', [60, 58, 62])),
      pair('wild', random, await seedsOf('wild', [80, 145, 105])),
    ];
    const [hard, block, wild] = await studyVerdicts(pairs, builtInTasks);
    expect(hard).toMatchObject({ verdict: 'better', difference: expect.closeTo(0.2, 6) });
    expect(block).toMatchObject({ verdict: 'worse', difference: expect.closeTo(-0.2, 6) });
    expect(wild).toMatchObject({ verdict: 'no difference', difference: expect.closeTo(0.05, 6) });
    // What the wild one's seeds leave to be seen is more than the difference that was found.
    expect(wild?.detectable).toBeGreaterThan(0.2);
    expect(hard?.interval?.[0]).toBeGreaterThan(0);
  });

  it('see more where other strategies show how much seeds change, unless the two change more than these', async () => {
    const random = await seedsOf('random', [100, 104, 96]);
    const calm = [0.5, 0.6, 0.7].map((value) => [value - 0.01, value, value + 0.01]);
    const near = await seedsOf('near', [112, 116, 108]);
    const wild = await seedsOf('wild', [80, 145, 105]);
    const verdicts = await studyVerdicts(
      [
        pair('alone', random, near),
        pair('near', random, near, calm),
        pair('wild', random, wild),
        pair('wild', random, wild, calm),
      ],
      builtInTasks,
    );
    const [alone, among, wildAlone, wildAmong] = verdicts;
    expect(among?.detectable).toBeLessThan(alone?.detectable ?? 0);
    expect(among?.pValue).toBeLessThan(alone?.pValue ?? 0);
    expect(wildAmong).toEqual(wildAlone);
  });

  it('ask for more where a study compares more', async () => {
    const random = await seedsOf('random', [100, 102, 98]);
    const one = pair('near', random, await seedsOf('near', [114, 116, 112]));
    const alone = (await studyVerdicts([one], builtInTasks))[0];
    const among = (await studyVerdicts([one, one, one, one], builtInTasks))[0];
    expect(alone?.pValue).toBeLessThan(among?.pValue ?? 0);
    expect(alone?.detectable).toBeLessThan(among?.detectable ?? 0);
  });

  it('say why there is none: one seed, or other utterances', async () => {
    const random = await seedsOf('random', [100, 102]);
    const other = await Promise.all(['a', 'b'].map((name) => record(name, 50, 0, 100)));
    expect(
      await studyVerdicts(
        [pair('lone', random, random.slice(1)), pair('other', random, other)],
        builtInTasks,
      ),
    ).toMatchObject([
      { verdict: 'not tested', why: expect.stringMatching(/two or more seeds/) },
      { verdict: 'not tested', why: expect.stringMatching(/was evaluated on different utterances/) },
    ]);
  });
});
