/** @file Results from state to state: what regressed, what may not be compared, and how it is said. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../tasks/index.js';
import { pageDocument } from '../page/index.js';
import type { NewRecord } from '../record.js';
import { newRecord } from '../records.fixture.js';
import { readRecords, writeRecord } from '../store.js';
import { type History, historyOf, markedChanges } from './history.js';
import { historyPage } from './page.js';
import { statesOf } from './states.js';
import { historyLine, historyMarkdown, historyText } from './text.js';

let folder: string;
let history: History;

/** Keywords of 100 utterances, the first `right` of them recognised. */
async function record(
  place: string,
  day: number,
  right: number,
  parts: Partial<NewRecord> = {},
): Promise<void> {
  const lines = Array.from({ length: 100 }, (_, i) => ({
    id: `u${i}`,
    prediction: i < right ? 'yes' : 'no',
    reference: 'yes',
  }));
  const interval: [number, number] = [right / 100 - 0.05, right / 100 + 0.05];
  const metrics = {
    accuracy: { value: right / 100, direction: 'higher' as const, interval, utterances: 100 },
  };
  const task = { name: 'ks', version: 1 };
  const createdAt = `2026-01-0${day}T03:04:05.000Z`;
  await writeRecord(join(folder, place), newRecord({ task, metrics, createdAt, ...parts }), lines);
}

const commit = (letter: string): string => letter.repeat(40);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-history-'));
  const other = { ...newRecord().encoder, name: 'other', hash: 'd'.repeat(64) };
  // Named against the order of time: it is time that counts.
  await record('z', 1, 90, { revision: commit('a') });
  await record('z', 1, 50, { encoder: other, revision: commit('a') });
  await record('y', 2, 89, {
    revision: 'with <b>',
    encoder: { ...newRecord().encoder, hash: 'e'.repeat(64) },
  });
  await record('x', 3, 60, { revision: commit('c') });
  await record('x', 3, 70, { encoder: other, revision: commit('c') });
  await record('w', 4, 61, { manifest: { path: 'ks.csv', hash: 'f'.repeat(64) } });
  const records = await readRecords([folder]);
  history = await historyOf(statesOf(records, 'time'), { tolerance: 0.02, level: 0.05, tasks: builtInTasks });
});
afterAll(() => rm(folder, { recursive: true }));

describe('a history', () => {
  it('orders states by time and calls them by commit, label, or folder', () => {
    expect(history.states.map(({ label }) => label)).toEqual(['aaaaaaaa', 'with <b>', 'cccccccc', 'w']);
  });

  it('orders them as they are given, where that is wanted', async () => {
    const records = await readRecords(['x', 'z'].map((place) => join(folder, place)));
    expect(statesOf(records, 'given').map(({ label }) => label)).toEqual(['cccccccc', 'aaaaaaaa']);
  });

  it('takes folders of seeds for one state', async () => {
    const records = await readRecords([join(folder, 'x')]);
    const moved = records.map(({ path, record: each }, i) => ({
      path: path.replace('/x/', `/x/seed-${i}/`),
      record: each,
    }));
    expect(statesOf(moved, 'time')).toHaveLength(1);
  });

  it('marks what is worse than the state before by more than tolerance and chance, whatever its weights', () => {
    const [tiny, other] = history.series;
    expect([tiny?.encoder, other?.encoder]).toEqual(['other', 'tiny']);
    const changes = (encoder: string) =>
      history.series.find((each) => each.encoder === encoder)?.points.map(({ change }) => change);
    expect(changes('tiny')).toEqual([undefined, 'holds', 'regressed', 'could not compare']);
    expect(changes('other')).toEqual([undefined, 'improved']);
    expect(markedChanges(history, 'regressed')).toMatchObject([
      { series: { encoder: 'tiny' }, point: { state: 2, since: 1, value: 0.6 } },
    ]);
  });

  it('compares with the last state that has the result, and says what it could have seen', () => {
    const point = history.series.find(({ encoder }) => encoder === 'other')?.points[1];
    expect(point).toMatchObject({ state: 2, since: 0 });
    expect(point?.difference).toBeCloseTo(0.2, 12);
    // 20 of 100 differ: standard error 0.04, and 2.8 of it.
    expect(point?.detectable).toBeGreaterThan(0.1);
    expect(point?.detectable).toBeLessThan(0.125);
  });
});

describe('a history as text', () => {
  it('is a table a task, and a line that names what regressed', () => {
    expect(historyLine(history)).toBe(
      '1 regression in 4 states: tiny on ks at cccccccc: 89.00 to 60.00 (tolerance 2.00 points, p < 0.05)',
    );
    const text = historyText(history, { width: 80 });
    expect(
      Math.max(
        ...text
          .split('\n')
          .slice(0, -1)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
    for (const part of ['ks: state', 'with <b>', 'Δ -29.00, p 0.000', 'regressed', 'could not compare'])
      expect(text).toContain(part);
    expect(historyMarkdown(history)).toContain('with &lt;b&gt;');
  });
});

describe('a history as a page', () => {
  it('has what changed, a chart and a table a task, and the states', () => {
    const content = historyPage(history, 'Mine', builtInTasks);
    expect(content.sections.map(({ id }) => id)).toEqual(['changes', 'task-ks', 'states']);
    const chart = content.charts['task-ks-history'];
    expect(chart).toMatchObject({
      kind: 'history',
      axis: 'accuracy %, higher is better',
      states: ['aaaaaaaa', 'with <b>', 'cccccccc', 'w'],
    });
    const document = pageDocument(content, { style: '', library: '', scripts: [] });
    expect(document).toContain('1 regression in 4 states: tiny on ks at cccccccc: 89.00 to 60.00.');
    expect(document).toContain('keyword spotting (ks)');
    expect(document).toContain('with &lt;b&gt;');
    expect(document).not.toContain('with <b>');
  });
});
