/** @file What a terminal of 80 columns shows: tables as they were looked at, and no line that is too long. */
import { beforeAll, describe, expect, it } from 'vitest';
import { projectFile } from '../src/base/package.js';
import { commands } from '../src/cli/commands.js';
import { parseLine } from '../src/cli/parse.js';
import { knownTasks } from '../src/plugins/known-tasks.js';
import { gateLine, gateTable } from '../src/results/gate/text.js';
import { judge } from '../src/results/gate/verdict.js';
import { historyOf } from '../src/results/history/history.js';
import { historyText } from '../src/results/history/text.js';
import { compareRecords, formatComparison, readRecords, type StoredRecord } from '../src/results/index.js';
import { withSignificance } from '../src/results/significance.js';

const columns = 80;
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

// Kept as text below test/terminal: `vitest -u` writes them anew, and a look says whether they read well.
describe('a terminal', () => {
  let records: readonly StoredRecord[];
  beforeAll(async () => {
    records = await readRecords([projectFile('results/mini/baseline')]);
  });
  const of = (name: string): StoredRecord[] =>
    records
      .filter(({ record }) => record.encoder.name === name)
      .map(({ path, record }) => ({
        path,
        record: { ...record, encoder: { ...record.encoder, name: 'mine' } },
      }));

  it('shows a comparison with what it could have shown', async () => {
    const compared = compareRecords(records, { baseline: 'fbank' });
    const { comparison } = await withSignificance(compared, records, knownTasks.all());
    const text = formatComparison(comparison, 'table', { power: true });
    expect(widest(text)).toBeLessThanOrEqual(columns);
    await expect(`${text}\n`).toMatchFileSnapshot('terminal/compare.txt');
  });

  it('shows the gate, and a history, of an encoder that became worse in some tasks', async () => {
    const terms = { tolerance: 0.01, level: 0.05, tasks: knownTasks.all() };
    const [before, after] = [of('fbank'), of('random:tiny')];
    const report = await judge(before, after, terms);
    const gate = gateTable(report);
    expect(widest(gate)).toBeLessThanOrEqual(columns);
    await expect(`${gate}\n${gateLine(report)}\n`).toMatchFileSnapshot('terminal/gate.txt');
    const states = [before, after].map((group, i) => {
      const day = `2026-01-0${i + 1}T00:00:00.000Z`;
      return {
        label: ['1a2b3c4d', 'slower masks'][i] ?? '',
        folder: `r${i}`,
        createdAt: day,
        records: group,
      };
    });
    const history = historyText(await historyOf(states, terms), { width: columns });
    expect(widest(history.split('\n').slice(0, -1).join('\n'))).toBeLessThanOrEqual(columns);
    await expect(`${history}\n`).toMatchFileSnapshot('terminal/history.txt');
  });
});

// `help` is help itself.
it.each(['', ...commands.map(({ name }) => name).filter((name) => name !== 'help')])(
  'the help of ehmam %s fits 80 columns',
  async (name) => {
    const help = await parseLine([name, '--help'].filter(Boolean), commands);
    if (help.kind !== 'text') throw new Error('no help');
    expect(widest(help.text)).toBeLessThanOrEqual(columns);
  },
);
