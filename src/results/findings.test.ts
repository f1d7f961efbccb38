/** @file Which differences are said to be real, and in which words. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInTasks } from '../../tasks/index.js';
import { compareRecords } from './compare.js';
import { type Finding, findDifferences, findingClauses } from './findings.js';
import type { StoredRecord } from './record.js';
import { newRecord } from './records.fixture.js';
import { withSignificance } from './significance.js';
import { writeRecord } from './store.js';

let folder: string;
const records: StoredRecord[] = [];

/** Of 100 utterances, those before `right` are recognised; `shift` moves which ones. */
async function record(encoder: string, task: 'ks' | 'sid', right: number, shift = 0): Promise<void> {
  const column = task === 'ks' ? 'yes' : 'speaker 1';
  const lines = Array.from({ length: 100 }, (_, i) => ({
    id: `u${i}`,
    prediction: (i + shift) % 100 < right ? column : 'no',
    reference: column,
  }));
  const stored = await writeRecord(
    folder,
    newRecord({
      encoder: { name: encoder, spec: encoder, hash: `hash of ${encoder}`, family: 'ehmam' },
      task: { name: task, version: 1 },
      manifest: { path: `${task}.csv`, hash: `hash of ${task}` },
      metrics: { accuracy: { value: right / 100, direction: 'higher', utterances: 100 } },
    }),
    lines,
  );
  records.push(stored);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-findings-'));
  for (const [encoder, ks, sid, shift] of [
    ['fbank', 40, 60, 0],
    ['hard', 80, 62, 0],
    ['random', 80, 60, 3],
  ] as const) {
    await record(encoder, 'ks', ks, shift);
    await record(encoder, 'sid', sid, shift);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const clausesOf = async (baseline?: string) => {
  const compared = compareRecords(records, { baseline });
  const { comparison } = await withSignificance(compared, records, builtInTasks);
  const found = await findDifferences(comparison, records, builtInTasks);
  return { clauses: findingClauses(found), families: found.families };
};

describe('what is found', () => {
  it('is said of encoders together where the same is true of them, and with what could have shown', async () => {
    const { clauses, families } = await clausesOf('fbank');
    expect(clauses).toEqual([
      'on 1 of 2 tasks (ks) hard and random beat fbank',
      expect.stringMatching(
        /^no difference is found between random and hard on any of 2 tasks \(one of \d+\.\d\d to \d+\.\d\d points, by the task, would most likely show\)$/,
      ),
    ]);
    // Two encoders on two tasks against the baseline, and each other.
    expect(families).toEqual([4, 2]);
  });

  it('needs no baseline where encoders are few: all pairs are corrected together', async () => {
    const { clauses, families } = await clausesOf();
    expect(families).toEqual([6]);
    expect(clauses[0]).toBe('on 1 of 2 tasks (ks) hard and random beat fbank');
  });

  it('names the losses too, and the winner first', () => {
    const finding = (parts: Partial<Finding>): Finding => ({
      ...{ first: 'a', second: 'b', better: [], worse: [], alike: [] },
      ...parts,
    });
    const clause = (...parts: Partial<Finding>[]) => findingClauses({ findings: parts.map(finding) });
    expect(clause({ better: ['asr', 'ks'], worse: ['sid'] })).toEqual([
      'on 2 of 3 tasks (asr, ks) a beats b, but is worse on sid',
    ]);
    expect(clause({ better: ['asr', 'ks', 'ic'] })).toEqual(['on all 3 tasks a beats b']);
    expect(clause({ better: ['asr'] }, { better: ['asr'], second: 'c' })).toEqual(['on asr a beats b and c']);
    expect(clause({ alike: ['asr'], detectable: [0.021, 0.021] })).toEqual([
      'no difference is found between a and b on asr (one of 2.10 points would most likely show)',
    ]);
  });
});
