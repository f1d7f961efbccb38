/** @file Manifests that are checked for a task: every problem at once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ks } from '../../../tasks/ks/index.js';
import type { Task } from '../../api/task.js';
import { writeWav } from '../../audio/index.js';
import { writeBroken } from '../../data/broken.fixture.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { checkTaskManifest, type ManifestReport, reportText } from './task-manifest.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-validate-'));
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await writeWav(join(folder, `${name}.wav`), new Float32Array(1600).fill(0.1), 16000);
  await writeFile(join(folder, 'broken.wav'), 'no audio');
});
afterAll(() => rm(folder, { recursive: true }));

async function check(task: string, rows: readonly string[], deep = false): Promise<ManifestReport> {
  const manifest = join(folder, 'm.csv');
  await writeFile(manifest, `${rows.join('\n')}\n`);
  return checkTaskManifest({ task, manifest, deep });
}

const head = 'id,path,split,speaker,label';
const good = ['1,a.wav,train,s1,yes', '2,b.wav,train,s1,no', '3,c.wav,dev,s2,no', '4,d.wav,test,s3,yes'];

test('a good manifest has counts, a hash and no problem', async () => {
  const report = await check('ks', [head, ...good]);
  expect(report).toMatchObject({
    splits: {
      train: { utterances: 2, speakers: 1 },
      dev: { utterances: 1, speakers: 1 },
      test: { utterances: 1, speakers: 1 },
    },
    values: { label: 2 },
    problems: [],
    remarks: [],
  });
  expect(report.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(reportText(report)).toContain('no problems found');
});

test('labels that train never shows and labels that are empty are all listed', async () => {
  const report = await check('ks', [head, ...good, '5,e.wav,test,s4,maybe', '6,e.wav,dev,s5,']);
  expect(reportText(report)).toMatch(/m.csv:6: label 'maybe'/);
  expect(reportText(report)).toMatch(/m.csv:7: utterance '6' has no label/);
});

test('a column of the test split is checked there, and may be empty elsewhere', async () => {
  const columns = ['speaker', { name: 'trials', splits: ['test'] as const }];
  const task: Task = { ...ks, name: 'pairs', columns, complaints: () => [] };
  knownTasks.register(task, 'task-manifest.test.ts');
  const manifest = join(folder, 'pairs.csv');
  const rows = [
    '1,a.wav,train,s1,',
    '2,b.wav,train,s2,',
    '3,c.wav,dev,s1,',
    '4,d.wav,test,s3,5',
    '5,e.wav,test,s3,',
  ];
  await writeFile(manifest, `id,path,split,speaker,trials\n${rows.join('\n')}\n`);
  const report = await checkTaskManifest({ task: 'pairs', manifest, deep: false });
  expect(report.problems).toEqual([
    { kind: 'unusable row', message: `${manifest}:6: column 'trials' is empty` },
  ]);
  expect(report.values).toEqual({ speaker: 2 });
});

test('texts that are empty or hold unknown characters are all listed', async () => {
  const rows = ['1,a.wav,train,one', '2,b.wav,train,', '3,c.wav,dev,2 cats', '4,d.wav,test,caf\u00e9'];
  const { problems } = await check('asr', ['id,path,split,text', ...rows]);
  expect(problems).toHaveLength(3);
});

test('audio and speakers that splits share are remarked on', async () => {
  const { remarks } = await check('ks', [head, ...good, '5,a.wav,test,s1,no']);
  expect(remarks).toHaveLength(2);
  expect(remarks.join('\n')).toMatch(
    /train and test share 1 audio files.*\n.*share 1 speakers, for example s1/,
  );
  // Speakers are what the task sid tells apart.
  expect(
    (await check('sid', [head, ...good.map((row) => row.replace(/s\d/, 's1')), '5,e.wav,train,s2,no']))
      .remarks,
  ).toEqual([]);
});

test('audio that cannot be decoded is found where it is looked at', async () => {
  const rows = [head, ...good, '5,broken.wav,test,s4,yes'];
  expect((await check('ks', rows)).problems).toEqual([]);
  expect((await check('ks', rows, true)).problems).toEqual([
    { kind: 'unreadable audio', message: expect.stringMatching(/m.csv:6: .*broken\.wav/) },
  ]);
});

test('every kind of broken audio is a problem with its line, where it is looked at', async () => {
  const broken = await writeBroken(folder);
  const rows = broken.map(({ name, duration = '' }) => `${name},${name},test,s4,yes,${duration}`);
  const { problems } = await check(
    'ks',
    [`${head},duration`, ...good.map((row) => `${row},`), ...rows],
    true,
  );
  const wrong = broken.flatMap(({ name, complaint }) =>
    complaint === undefined ? [] : [{ name, complaint }],
  );
  expect(problems).toHaveLength(wrong.length);
  for (const [i, { name, complaint }] of wrong.entries()) {
    expect(problems[i]?.message).toMatch(complaint);
    expect(problems[i]?.message).toContain(
      `m.csv:${broken.findIndex((each) => each.name === name) + 6}: utterance '${name}'`,
    );
  }
});

test('every duplicate, every missing file and every empty split is listed, and the rest of it all the same', async () => {
  const rows = [
    '1,e.wav,test,s4,yes',
    '2,gone.wav,test,s4,no',
    '2,f.wav,test,s4,maybe',
    '7,f.wav,train,s1,no',
  ];
  const report = await check('ks', [head, ...good.filter((row) => !row.includes('dev')), ...rows]);
  expect(report.hash).toBeNull();
  const place = join(folder, 'm.csv');
  expect(report.problems.map(({ message }) => message.replace(`${place}:`, ''))).toEqual([
    " no utterances in split 'dev'. Its splits: train (3), test (4)",
    "5: duplicate id '1' (first used on line 2)",
    "6: duplicate id '2' (first used on line 3)",
    "7: duplicate id '2' (first used on line 3)",
    `6: audio file 'gone.wav' not found at ${join(folder, 'gone.wav')}`,
    `7: audio file 'f.wav' not found at ${join(folder, 'f.wav')}`,
    expect.stringMatching(/^7: label 'maybe' of split 'test' does not occur in the train split/),
  ]);
});

test('a text lists twenty problems of a kind, the report all of them', async () => {
  const unseen = Array.from({ length: 50 }, (_, i) => `u${i},e.wav,test,s4,new-${i}`);
  const report = await check('ks', [head, ...good, ...unseen]);
  expect(report.problems).toHaveLength(50);
  const lines = reportText(report).split('\n');
  expect(lines.filter((line) => line.includes("label 'new-"))).toHaveLength(20);
  expect(lines).toContain('problem: unusable row: and 30 more (--json lists all)');
  expect(lines.at(-1)).toBe('50 problems found');
});

test("counts stand beside those of the task's corpus", async () => {
  const rows = good.map((row) => `${row},1.8`);
  const report = await check('ks', [`${head},duration`, ...rows]);
  expect(report.official?.splits.test).toEqual({ utterances: 3081 });
  const text = reportText(report);
  expect(text).toContain('in brackets: Speech Commands v0.01\n');
  expect(text).toContain('train: 2 utterances (51094), 1 speakers, 0 hours\n');
  expect(text).toContain('different values in train: label 2 (12)\n');
  const sid = await check('sid', [`${head},duration`, ...rows.map((row) => row.replace(/s3/, 's1'))]);
  expect(reportText(sid)).toContain('dev: 1 utterances (6904), 1 speakers (1251), 0 hours\n');
});

test('a task that cannot list its complaints is asked again without each row that it refused', async () => {
  const { complaints: _, ...silent } = { ...ks, name: 'silent' };
  knownTasks.register(silent, 'a-test');
  const manifest = join(folder, 'm.csv');
  await writeFile(manifest, `${[head, ...good, '5,e.wav,test,s4,maybe', '6,e.wav,dev,s5,'].join('\n')}\n`);
  const report = await checkTaskManifest({ task: 'silent', manifest, deep: false });
  expect(report.problems).toHaveLength(2);
  expect(report.official).toBeNull();
});

test('a missing column is refused', async () => {
  const rows = ['id,path,split', '1,a.wav,train', '2,b.wav,dev', '3,c.wav,test'];
  await expect(check('ks', rows)).rejects.toThrow("the column 'label' is missing");
});

test('a train text that takes more frames than its audio has is listed, by the duration or the audio itself', async () => {
  const long = 'so many words that no tenth of a second holds them';
  const rows = [
    '1,a.wav,train,one,',
    `2,b.wav,train,${long},0.1`,
    '3,c.wav,dev,two,',
    `4,d.wav,test,${long},0.1`,
  ];
  const problems = async (deep: boolean, withoutDuration = false) => {
    const all = withoutDuration ? rows.map((row) => row.replace('0.1', '')) : rows;
    return (await check('asr', ['id,path,split,text,duration', ...all], deep)).problems;
  };
  const message = expect.stringMatching(
    /m\.csv:3: audio of '2' is too short for its text: it needs 50 frames of 20 ms, but 0\.10 s have 4/,
  );
  expect(await problems(false)).toEqual([{ kind: 'too short', message }]);
  expect(await problems(true)).toEqual([{ kind: 'too short', message }]);
  expect(await problems(true, true)).toEqual([{ kind: 'too short', message }]);
  expect(await problems(false, true)).toEqual([]);
});

test('rows of a split of another name are remarked on, with the name that is wanted', async () => {
  const rows = good.map((row) => row.replace('dev', 'valid'));
  const { problems, remarks } = await check('ks', [head, ...rows]);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining(
      "no utterances in split 'dev'. Its splits: train (2), valid (1), test (1). Did you mean 'valid'? Rename it to 'dev'",
    ),
  ]);
  expect(remarks).toContain("1 rows of split 'valid' are not used");
});

test('labels have one form, and those that still look alike are remarked on', async () => {
  const rows = [
    '5,e.wav,train,s5,"yes "',
    '6,e.wav,train,s5,caf\u00e9',
    '7,e.wav,train,s5,cafe\u0301',
    '8,e.wav,train,s5,YES',
  ];
  const { values, remarks } = await check('ks', [head, ...good, ...rows]);
  // yes, no, YES, and one more.
  expect(values).toEqual({ label: 4 });
  expect(remarks).toContain(
    `column 'label' has values that look the same but are different: "yes" and "YES"`,
  );
});
