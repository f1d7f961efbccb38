/** @file Tasks whose metrics are statistics, over tensors and labels: scores, gate, stars, and what may go wrong. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JudgedRow, Task } from '../api/task.js';
import { float32, floatsOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { checkResults } from '../cli/validate/results.js';
import { accuracy, equalErrorRateStatistic, isStatistic, macroF1Statistic } from '../metrics/index.js';
import { compareRecords } from './compare.js';
import { formatComparison } from './formats.js';
import { gateTable } from './gate/text.js';
import { judge } from './gate/verdict.js';
import { recordMetric } from './intervals.js';
import type { NewRecord, StoredRecord } from './record.js';
import { newRecord } from './records.fixture.js';
import { judgeRows } from './rows.js';
import { scoresOf } from './scores.js';
import { withSignificance } from './significance.js';
import { readRecord, writeRecord } from './store.js';
import { namedTensors, openTensors } from './tensors.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-statistic-'));
});
afterAll(() => rm(folder, { recursive: true }));

const [equal] = [{ name: 'eer', direction: 'lower', kind: 'statistic', tensors: ['embedding'] }] as const;

/** Verification: every row is compared with each of the rows that its column `trials` names. */
const verification: Task = {
  name: 'asv-toy',
  version: 1,
  summary: 'speaker verification',
  columns: ['speaker', { name: 'trials', splits: ['test'] }],
  metrics: [equal],
  head: () => ({ kind: 'none' }),
  evaluate(rows) {
    const byId = new Map(rows.map((row) => [row.id, row]));
    const embedding = (row: JudgedRow | undefined): Float32Array => {
      const tensor = row?.tensors?.embedding;
      if (tensor === undefined) throw new Error(`no embedding of ${row?.id}`);
      return floatsOf(tensor);
    };
    const trials = rows.flatMap((row) =>
      (row.reference.trials ?? '').split(' ').map((id) => {
        const [a, b] = [embedding(row), embedding(byId.get(id))];
        return {
          score: a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0),
          same: byId.get(id)?.reference.speaker === row.reference.speaker,
          unit: row.reference.speaker ?? '',
        };
      }),
    );
    return { eer: equalErrorRateStatistic(trials) };
  },
};

const speakers = 24;
const each = 4;

/** Embeddings that point to their speaker's direction, with noise; trials are with the next rows of all speakers. */
async function verified(
  place: string,
  noise: number,
  { seed = 1, backwards = false, parts = {} as Partial<NewRecord> } = {},
): Promise<StoredRecord> {
  const random = randomStream(seed, 'embeddings');
  const rows = Array.from({ length: speakers * each }, (_, i) => {
    const speaker = i % speakers;
    const others = [1, 2, 3, speakers, 2 * speakers].map((step) => `u${(i + step) % (speakers * each)}`);
    const values = Array.from(
      { length: speakers },
      (_unused, d) => (d === speaker ? 1 : 0) + noise * random.normal(),
    );
    return {
      id: `u${i}`,
      prediction: {},
      reference: { speaker: `s${speaker}`, trials: others.join(' ') },
      tensors: { embedding: float32([speakers], values), unused: float32([1]) },
    };
  });
  const value = verification.evaluate(rows).eer;
  if (value === undefined) throw new Error('no equal error rate');
  const lines = rows.map(({ id, prediction, reference }) => ({ id, prediction, reference }));
  const ids = rows.map(({ id }) => id);
  const predictions = rows.map(({ tensors }) => ({ columns: {}, tensors }));
  return writeRecord(
    join(folder, place),
    newRecord({
      task: { name: 'asv-toy', version: 1 },
      metrics: { eer: recordMetric(equal, value, rows.length, undefined, seed) },
      seed,
      ...parts,
    }),
    backwards ? lines.reverse() : lines,
    namedTensors(ids, predictions),
  );
}

describe('an equal error rate over embeddings', () => {
  const options = { tolerance: 0.01, level: 0.05, tasks: [verification] };

  it('has an interval over its own units in the record', async () => {
    const { record } = await verified('interval', 0.4);
    const { value = Number.NaN, interval = [1, 0], intervalOver } = record.metrics.eer ?? {};
    expect(intervalOver).toBe('units');
    expect(value).toBeGreaterThan(0.01);
    expect(interval[0]).toBeLessThan(value);
    expect(interval[1]).toBeGreaterThan(value);
  });

  it('holds in the gate against itself in another order, and against no more than chance', async () => {
    const before = await verified('before', 0.4);
    const same = await judge([before], [await verified('same', 0.4, { backwards: true })], options);
    expect(same).toMatchObject({ verdict: 'holds', cells: [{ difference: 0, pValue: 1 }] });
    const close = await judge([before], [await verified('close', 0.41, { seed: 2 })], options);
    expect(close.verdict).toBe('holds');
    expect(close.cells[0]?.interval).toBeDefined();
  });

  it('regresses in the gate where the embeddings are worse by more than chance, also over seeds', async () => {
    const before = [await verified('seeds-1', 0.3), await verified('seeds-2', 0.3, { seed: 2 })];
    const after = [await verified('worse-1', 0.8), await verified('worse-2', 0.8, { seed: 2 })];
    const [first, second] = [before.slice(0, 1), after.slice(0, 1)];
    expect((await judge(first, second, options)).verdict).toBe('regressed');
    const report = await judge(before, after, options);
    expect(report.verdict).toBe('regressed');
    expect(report.cells[0]?.difference).toBeGreaterThan(0.05);
    expect(gateTable(report)).toContain('interval');
  });

  it('is not compared without the embeddings, and the one that is missing is named', async () => {
    const { record } = await verified('with', 0.4);
    const lines = [{ id: 'u0', prediction: {}, reference: { speaker: 's0', trials: 'u1' } }];
    const { task, metrics } = record;
    const without = await writeRecord(join(folder, 'without'), newRecord({ task, metrics }), lines);
    const report = await judge([without], [without], options);
    expect(report.cells[0]?.why).toMatch(/record.json: has no tensor 'embedding' of 'u0'/);
  });

  it('of a task that is not loaded names the way to load it, of another version the way to repair it', async () => {
    const stored = await verified('unknown', 0.4);
    const unknown = await judge([stored], [stored], { ...options, tasks: [] });
    expect(unknown.cells[0]?.why).toMatch(
      /record.json: unknown task 'asv-toy'; load its plug-in with --plugin MODULE/,
    );
    expect(gateTable(unknown)).not.toContain('interval');
    const older = [{ ...verification, version: 2 }];
    expect((await judge([stored], [stored], { ...options, tasks: older })).cells[0]?.why).toMatch(
      /was made with version 1 of task asv-toy; this ehmam has version 2. Run the task again/,
    );
  });
});

describe('tensors beside a record', () => {
  it('are checked by validate: missing, of another run, of no prediction', async () => {
    const place = 'checked';
    const stored = await verified(place, 0.4);
    expect((await checkResults([join(folder, place)])).faults).toEqual([]);
    expect((await readRecord(stored.path)).tensors?.file).toBe('predictions.safetensors');
    const file = join(dirname(stored.path), 'predictions.safetensors');
    const { record } = stored;
    const lines = [{ id: 'u0', prediction: {}, reference: {} }];
    const metrics = { eer: { value: 0.1, direction: 'lower' as const, utterances: 1 } };
    const strays = namedTensors(
      ['u0', 'u/9'],
      Array(2).fill({ columns: {}, tensors: { embedding: float32([1]) } }),
    );
    await writeRecord(join(folder, 'stray'), newRecord({ task: record.task, metrics }), lines, strays);
    expect((await checkResults([join(folder, 'stray')])).faults).toEqual([
      expect.stringMatching(/'u\/9' has tensors but no prediction/),
    ]);
    await writeFile(file, 'other');
    expect((await checkResults([join(folder, place)])).faults).toEqual([
      expect.stringMatching(/predictions.safetensors: does not match its record: the tensors have changed/),
    ]);
    await rm(file);
    expect((await checkResults([join(folder, place)])).faults).toEqual([
      expect.stringMatching(/predictions.safetensors: the tensors of .*record.json are missing/),
    ]);
  });

  it('are read one by one, by id and name', async () => {
    const stored = await verified('lazy', 0.4);
    const tensors = await openTensors(stored);
    expect(Object.keys((await tensors?.of('u3', ['embedding', 'none'])) ?? {})).toEqual(['embedding']);
    expect((await tensors?.of('u3', ['unused']))?.unused?.shape).toEqual([1]);
    await tensors?.close();
  });

  it('are not opened where the metric needs none, and go where a new result has none', async () => {
    const stored = await verified('unread', 0.4);
    const file = join(dirname(stored.path), 'predictions.safetensors');
    const count: Task = {
      ...verification,
      metrics: [{ name: 'eer', direction: 'lower', kind: 'statistic' }],
      evaluate: (rows) => {
        expect(rows.every(({ tensors }) => tensors === undefined)).toBe(true);
        return { eer: { value: 0, units: ['all'], redraw: () => 0 } };
      },
    };
    await writeFile(file, 'never looked at');
    await scoresOf(stored, 'eer', [count]);
    await writeRecord(join(folder, 'unread'), newRecord({ task: stored.record.task }), []);
    await expect(stat(file)).rejects.toThrow();
  });

  it('have no slash in their names, so that id and name are told apart', () => {
    const predictions = [{ columns: {}, tensors: { 'a/b': float32([1]) } }];
    expect(() => namedTensors(['u'], predictions)).toThrow(/'a\/b' .* has a slash/);
  });
});

const [f1, right] = [
  { name: 'f1', direction: 'higher', kind: 'statistic' },
  { name: 'accuracy', direction: 'higher' },
] as const;

/** One metric of each kind. */
const emotions: Task = {
  name: 'emotions',
  version: 1,
  summary: 'emotion recognition',
  columns: ['emotion'],
  classes: ['emotion'],
  metrics: [f1, right],
  head: () => ({ kind: 'none' }),
  evaluate(rows, wanted = ['f1', 'accuracy']) {
    const labels = (key: 'prediction' | 'reference') => rows.map((row) => row[key].emotion ?? '');
    const sides = [labels('prediction'), labels('reference')] as const;
    const { rate, shares } = accuracy(...sides);
    return {
      ...(wanted.includes('f1') && {
        f1: macroF1Statistic(
          ...sides,
          rows.map(({ id }) => id),
        ),
      }),
      accuracy: { value: rate, shares },
    };
  },
};

/** The last of four emotions is always taken for the first, where `blind`. */
async function felt(name: string, wrong: number, count = 400, blind = false): Promise<StoredRecord> {
  const random = randomStream(7, name);
  const kinds = ['angry', 'happy', 'neutral', 'sad'];
  const lines = Array.from({ length: count }, (_, i) => {
    const reference = kinds[i % 8 < 7 ? i % 3 : 3] as string;
    const missed = random.uniform() < wrong ? (kinds[random.integer(4)] as string) : reference;
    return { id: `u${i}`, prediction: blind && reference === 'sad' ? 'angry' : missed, reference };
  });
  const rows = lines.map(({ id, prediction, reference }) => ({
    id,
    prediction: { emotion: prediction },
    reference: { emotion: reference },
  }));
  const values = judgeRows(emotions, rows);
  const metrics = Object.fromEntries(
    emotions.metrics.flatMap((metric) => {
      const value = values[metric.name];
      return value ? [[metric.name, recordMetric(metric, value, count, undefined, 1)]] : [];
    }),
  );
  const encoder = { name, spec: name, hash: name, family: 'ehmam' };
  return writeRecord(
    join(folder, `felt-${count}`),
    newRecord({ encoder, task: { name: 'emotions', version: 1 }, metrics }),
    lines,
  );
}

describe('a macro F1 beside an accuracy', () => {
  it('has stars in a comparison with a baseline: for what is no chance, and not for what may be', async () => {
    const records = [await felt('base', 0.3), await felt('alike', 0.3), await felt('blind', 0.3, 400, true)];
    const compared = compareRecords(records, { baseline: 'base', metrics: 'all' });
    const { comparison, untested } = await withSignificance(compared, records, [emotions]);
    expect(untested).toEqual([]);
    const cell = (label: string) => comparison.rows.find((row) => row.label === label)?.cells[0];
    expect(cell('alike')?.pValue).toBeGreaterThan(0.05);
    expect(cell('blind')?.pValue).toBeLessThan(0.05);
    expect(cell('blind')?.differenceInterval?.[1]).toBeLessThan(0);
    const table = formatComparison(comparison, 'table', { width: 200 });
    expect(table).toMatch(/Δ -\d+\.\d\d \*/);
    expect(table).toContain(
      'percent, with 95 % interval (bootstrap over utterances, speakers, or other units of a metric)',
    );
  });

  it('is not set beside one over other utterances', async () => {
    const options = { tolerance: 0.01, level: 0.05, tasks: [emotions] };
    const report = await judge([await felt('base', 0.3)], [await felt('base', 0.3, 399)], options);
    expect(report.cells[0]).toMatchObject({
      verdict: 'could not compare',
      why: expect.stringMatching(/felt-399.*was evaluated on different utterances/),
    });
  });

  it('is judged on all rows at once, where accuracies are judged in blocks', async () => {
    const stored = await felt('many', 0.3, 9000);
    const sizes: number[] = [];
    const counting: Task = {
      ...emotions,
      evaluate: (rows, wanted) => {
        sizes.push(rows.length);
        return emotions.evaluate(rows, wanted);
      },
    };
    const scores = await scoresOf(stored, 'f1', [counting]);
    expect(sizes).toEqual([9000]);
    expect('statistic' in scores && scores.statistic.value).toBe(stored.record.metrics.f1?.value);
    const shares = await scoresOf(stored, 'accuracy', [counting]);
    expect(sizes).toEqual([9000, 4096, 4904]);
    expect('shares' in shares && shares.shares).toHaveLength(9000);
    await expect(scoresOf(stored, 'loss', [counting])).rejects.toThrow(/has no metric 'loss'/);
  });
});

describe('a task that does not give what it says', () => {
  const rows: JudgedRow[] = ['a', 'b'].map((id) => ({ id, prediction: {}, reference: {} }));
  const statistic = { value: 1, units: ['a', 'a'], redraw: () => 1 };
  const gives = (metrics: Task['metrics'], values: ReturnType<Task['evaluate']>): Task => ({
    ...emotions,
    metrics,
    evaluate: () => values,
  });
  it.each([
    ['no value', gives([right], {}), /'emotions': accuracy is missing/],
    [
      'a ratio of a statistic',
      gives([f1], { f1: { value: 1, shares: [] } }),
      /f1 is declared as a statistic, but has no redraw/,
    ],
    [
      'a statistic of a ratio',
      gives([right], { accuracy: statistic }),
      /is not declared with kind: 'statistic'/,
    ],
    ['a unit twice', gives([f1], { f1: statistic }), /duplicate unit of f1/],
    [
      'too few shares',
      gives([right], { accuracy: { value: 1, shares: [] } }),
      /accuracy has 0 shares for 2 rows/,
    ],
  ])('is told so: %s', (_, task, message) => {
    expect(() => judgeRows(task, rows)).toThrow(message);
  });

  it('is judged where it does', () => {
    const value = judgeRows(gives([f1], { f1: { ...statistic, units: ['a', 'b'] } }), rows).f1;
    expect(value && isStatistic(value)).toBe(true);
  });
});
