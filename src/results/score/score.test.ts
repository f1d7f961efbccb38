/** @file Predictions made elsewhere are judged as ours are: matched by id, refused with file and line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../tasks/index.js';
import { judgedColumns, type Task } from '../../api/task.js';
import { terminalText } from '../layout/terminal.js';
import { scoreLayout, scorePredictions } from './score.js';

let folder: string;
let references: string;
let predictions: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-score-'));
  references = join(folder, 'references.csv');
  predictions = join(folder, 'predictions.jsonl');
});
afterAll(() => rm(folder, { recursive: true }));

function taskOf(name: string): Task {
  const task = builtInTasks.find((one) => one.name === name);
  if (task === undefined) throw new Error(`no task ${name}`);
  return task;
}

async function score(name: string, csv: readonly string[], lines: readonly unknown[], split?: string) {
  await writeFile(references, `${csv.join('\n')}\n`);
  await writeFile(predictions, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return scorePredictions(taskOf(name), references, predictions, split);
}

describe('scores', () => {
  // One of six words is wrong, 2 of 24 characters: TEA for ME.
  it('of recognised texts, whatever their case and order, in percent with intervals', async () => {
    const scored = await score(
      'asr',
      ['id,speaker,text', 'a,s,CALL ME BACK', 'b,t,"I SAID, CALL"'],
      [
        { id: 'b', text: 'i said, call' },
        { id: 'a', text: 'CALL TEA BACK' },
      ],
    );
    expect(scored).toMatchObject({ task: 'asr', version: 1, rows: 2, intervalOver: { wer: 'speakers' } });
    expect(scored.metrics.wer).toBeCloseTo(100 / 6, 9);
    expect(scored.metrics.cer).toBeCloseTo(200 / 24, 9);
    expect(scored.interval.wer?.[0]).toBe(0);
    expect(scored.interval.wer?.[1]).toBeCloseTo(100 / 3, 9);
    expect(scored.remarks).toEqual([]);
  });

  it('of classes: one of two labels, speakers, all slots of an intent', async () => {
    expect(
      (
        await score(
          'ks',
          ['id,label', '1,yes', '2,no'],
          [
            { id: 1, label: 'yes' },
            { id: '2', label: 'up' },
          ],
        )
      ).metrics,
    ).toEqual({ accuracy: 50 });
    const speakers = ['id,path,split,speaker', 'a,a.wav,test,s1', 'b,b.wav,train,s2'];
    const sid = await score('sid', speakers, [{ id: 'a', speaker: 's1' }], 'test');
    expect(sid).toMatchObject({
      rows: 1,
      metrics: { accuracy: 100 },
      intervalOver: { accuracy: 'utterances' },
    });
    const slots = (location: string) => ({
      'intent.action': 'increase',
      'intent.object': 'heat',
      'intent.location': location,
    });
    const header = 'id,intent.action,intent.object,intent.location';
    const ic = [header, 'a,increase,heat,none', 'b,increase,heat,kitchen'];
    const said = [
      { id: 'a', ...slots('none') },
      { id: 'b', ...slots('none') },
    ];
    expect((await score('ic', ic, said)).metrics).toEqual({ accuracy: 50 });
  });

  it('of pairs, named by an id or by the two, MTWV as a fraction', async () => {
    const lines = [
      { id: 'q d1', score: 2 },
      { id: 'q d2', score: '0.5' },
    ];
    const named = await score('qbe', ['query,document,target', 'q,d1,0', 'q,d2,1'], lines);
    expect(named).toMatchObject({ metrics: { mtwv: 0 }, intervalOver: { mtwv: 'units' } });
    const others = lines.map(({ id, score: value }) => ({ id: id.replace(' ', ':'), score: value }));
    const csv = ['id,query,document,target', 'q:d1,q,d1,1', 'q:d2,q,d2,0'];
    expect((await score('qbe', csv, others)).metrics).toEqual({ mtwv: 1 });
  });

  it('of phones, emotions, slots, trials and turns', async () => {
    // One of four phones is another.
    const phones = await score('pr', ['id,phones', 'a,K AO1 L M'], [{ id: 'a', phones: 'K AO2 L M' }]);
    expect(phones.metrics).toEqual({ per: 25 });
    const labels = [
      { id: 'a', label: 'hap' },
      { id: 'b', label: 'neu' },
      { id: 'c', label: 'neu' },
    ];
    const emotions = await score('er', ['id,label', 'a,hap', 'b,sad', 'c,ang'], labels);
    expect(emotions.metrics.accuracy).toBeCloseTo(100 / 3, 9);
    // Where sessions are there, it is the mean over them: 1 of 1 and 0 of 2.
    const sessions = ['id,label,session', 'a,hap,1', 'b,sad,2', 'c,ang,2'];
    expect((await score('er', sessions, labels)).metrics.accuracy).toBeCloseTo(50, 9);
    // The slot is found, its value differs in one of three characters.
    const slots = await score(
      'sf',
      ['id,slots', 'a,PLAY B-artist ABC E-artist NOW'],
      [{ id: 'a', slots: 'PLAY B-artist ABD E-artist' }],
    );
    expect(slots.metrics.f1).toBe(100);
    expect(slots.metrics.cer).toBeCloseTo(100 / 3, 9);
    const trials = ['id,target', 't1,1', 't2,0', 't3,1', 't4,0'];
    const scores = [0.9, 0.2, 0.8, 0.4].map((value, i) => ({ id: `t${i + 1}`, score: value }));
    expect((await score('asv', trials, scores)).metrics).toEqual({ eer: 0 });
    // 2 s of speech: 0.5 s missed, 0.5 s of nobody.
    const turns = await score('sd', ['id,turns', 'r,x 0 1; y 1 2'], [{ id: 'r', turns: 'a 0 1; b 1.5 2.5' }]);
    expect(turns.metrics.der).toBeCloseTo(50, 9);
  });

  it('without an interval where none can be drawn, and says why', async () => {
    const never: Task = {
      ...taskOf('qbe'),
      evaluate: () => ({ mtwv: { value: 0.25, units: ['a'], redraw: () => Number.NaN } }),
    };
    await score('qbe', ['id,query,document,target', 'a,q,d,1'], [{ id: 'a', score: 1 }]);
    const scored = await scorePredictions(never, references, predictions);
    expect(scored).toMatchObject({ metrics: { mtwv: 0.25 }, interval: {}, intervalOver: {} });
    expect(scored.remarks.join()).toMatch(/no interval of mtwv: .* gave no value/);
  });

  it('are refused at once where a file is not there, before references of any length are read', async () => {
    await score('asr', ['id,text', 'a,CALL ME BACK'], [{ id: 'a', text: 'CALL TEA BACK' }]);
    const gone = join(folder, 'gone');
    const hint = 'Check that the file exists and that you may read it';
    // No reader of references ends this file: it is the predictions that are asked for first.
    await expect(scorePredictions(taskOf('asr'), '/dev/zero', gone)).rejects.toThrow(
      `${gone}: the predictions file cannot be read (ENOENT: no such file or directory, access '${gone}'). ${hint}`,
    );
    await expect(scorePredictions(taskOf('asr'), gone, predictions)).rejects.toThrow(
      `${gone}: the references file cannot be read (ENOENT: no such file or directory, open '${gone}'). ${hint}`,
    );
  });

  it('stand in a table of 80 columns', async () => {
    const scored = await score('asr', ['id,text', 'a,CALL ME BACK'], [{ id: 'a', text: 'CALL TEA BACK' }]);
    const text = terminalText(scoreLayout(scored, taskOf('asr')));
    for (const part of ['wer % ↓', '33.33', '33.33–33.33', 'n 1', 'bootstrap over utterances'])
      expect(text).toContain(part);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const qbe = await score('qbe', ['id,query,document,target', 'a,q,d,1'], [{ id: 'a', score: 1 }]);
    expect(terminalText(scoreLayout(qbe, taskOf('qbe')))).toMatch(/mtwv ↑ +│ +1\.0000/);
  });
});

describe('what is wrong', () => {
  const header = 'id,text';
  const good = { id: 'a', text: 'A' };
  const cases: readonly (readonly [
    what: string,
    csv: readonly string[],
    lines: readonly unknown[],
    error: RegExp,
  ])[] = [
    [
      'a row without a prediction',
      [header, 'a,A', 'b,B', 'c,C'],
      [good],
      /references.csv:3: no prediction for 'b' \(and 1 more of 3\)/,
    ],
    [
      'a prediction without a row',
      [header, 'a,A'],
      [good, { id: 'z', text: '' }],
      /predictions.jsonl:2: no reference for 'z'/,
    ],
    [
      'an id that is predicted twice',
      [header, 'a,A'],
      [good, good],
      /predictions.jsonl:2: duplicate id 'a' \(first used on line 1\)/,
    ],
    [
      'an id that occurs twice',
      [header, 'a,A', 'a,B'],
      [good],
      /references.csv:3: duplicate id 'a' \(first used on line 2\)/,
    ],
    [
      'another column',
      [header, 'a,A'],
      [{ id: 'a', label: 'A' }],
      /predictions.jsonl:1: missing field 'text'. Expected the fields 'text'; found 'label'/,
    ],
    [
      'a column of another kind',
      [header, 'a,A'],
      [{ id: 'a', text: ['A'] }],
      /predictions.jsonl:1: invalid value for 'text': expected a string or number, got \["A"\]/,
    ],
    [
      'a reference of another column',
      ['id,label', 'a,A'],
      [good],
      /references.csv:1: the column 'text' is missing/,
    ],
    ['no id', [header, 'a,A'], [{ text: 'A' }], /predictions.jsonl:1: missing field 'id'/],
    ['no object', [header, 'a,A'], [[1]], /predictions.jsonl:1: expected a JSON object/],
    ['an empty reference', [header, 'a,'], [good], /references.csv:2: column 'text' is empty/],
    ['a row without an id', [header, ',A'], [good], /references.csv:2: the row has no id/],
    ['no rows', [header], [good], /references.csv: has no rows/],
  ];
  it.each(cases)('(%s) is refused with file and line', async (_what, csv, lines, error) => {
    await expect(score('asr', csv, lines)).rejects.toThrow(error);
  });

  it('is a line that is no JSON, and a split that is not there', async () => {
    await score('asr', [header, 'a,A'], [good]);
    await writeFile(predictions, '{"id": "a"\n');
    await expect(scorePredictions(taskOf('asr'), references, predictions)).rejects.toThrow(
      /predictions.jsonl:1:11: invalid JSON/,
    );
    await expect(score('asr', ['id,split,text', 'a,dev,A'], [good], 'test')).rejects.toThrow(
      /references.csv: has no rows of split 'test'. Its splits: dev/,
    );
  });

  it('is what a task cannot read of one row, of either side', async () => {
    const csv = ['id,turns', 'q,x 0 1', 'r,x 0 1'];
    const good = { id: 'q', turns: 'a 0 1' };
    await expect(score('sd', csv, [good, { id: 'r', turns: 'a 1 zero' }])).rejects.toThrow(
      /predictions.jsonl:2: /,
    );
    await expect(
      score('sd', [...csv.slice(0, 2), 'r,x 1 zero'], [good, { id: 'r', turns: 'a 0 1' }]),
    ).rejects.toThrow(/references.csv:3: /);
  });

  it('is a reference whose slots do not nest, whatever is predicted', async () => {
    const csv = ['id,slots', 'a,B-city OSLO E-city', 'b,PLAY B-artist X'];
    const said = ['a', 'b'].map((id) => ({ id, slots: 'PLAY B-artist X' }));
    await expect(score('sf', csv, said)).rejects.toThrow(
      /references.csv:3: invalid slots of 'b': 'artist' starts and does not end/,
    );
  });

  it('is a score or target that is none', async () => {
    const csv = ['id,query,document,target', 'a,q,d,1'];
    await expect(score('qbe', csv, [{ id: 'a', score: 'high' }])).rejects.toThrow(
      /predictions.jsonl:1: invalid value for 'score' of 'a': expected a number, got 'high'/,
    );
    await expect(score('qbe', [csv[0] ?? '', 'a,q,d,yes'], [{ id: 'a', score: 1 }])).rejects.toThrow(
      /references.csv:2: invalid value for 'target': expected 0 or 1, got "yes"/,
    );
  });
});

it('every task says which columns it needs of both sides', () => {
  const needed = Object.fromEntries(builtInTasks.map((task) => [task.name, judgedColumns(task)]));
  expect(needed).toMatchObject({
    asr: { references: ['text'], predictions: ['text'] },
    ks: { references: ['label'], predictions: ['label'] },
    sid: { references: ['speaker'], predictions: ['speaker'] },
    ic: {
      references: ['intent.action', 'intent.object', 'intent.location'],
      predictions: ['intent.action', 'intent.object', 'intent.location'],
    },
    pr: { references: ['phones'], predictions: ['phones'] },
    er: { references: ['label'], predictions: ['label'] },
    sf: { references: ['slots'], predictions: ['slots'] },
    asv: { references: ['target'], predictions: ['score'] },
    sd: { references: ['turns'], predictions: ['turns'] },
    qbe: { references: ['query', 'document', 'target'], predictions: ['score'] },
  });
  expect(Object.keys(needed)).toHaveLength(10);
});
