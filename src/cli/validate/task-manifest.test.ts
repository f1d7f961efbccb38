/** @file Manifests that are checked for a task: every problem at once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeWav } from '../../audio/index.js';
import { writeBroken } from '../../data/broken.fixture.js';
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
    utterances: { train: 2, dev: 1, test: 1 },
    values: { label: 2 },
    problems: [],
    remarks: [],
  });
  expect(report.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(reportText(report)).toContain('no problem found');
});

test('labels that train never shows and labels that are empty are all listed', async () => {
  const { problems } = await check('ks', [head, ...good, '5,e.wav,test,s4,maybe', '6,e.wav,dev,s5,']);
  expect(problems.join('\n')).toMatch(/m.csv:6: the label 'maybe'/);
  expect(problems.join('\n')).toMatch(/m.csv:7: utterance '6' has no label/);
});

test('texts that are empty or hold unknown characters are all listed', async () => {
  const rows = ['1,a.wav,train,one', '2,b.wav,train,', '3,c.wav,dev,2 cats', '4,d.wav,test,caf\u00e9'];
  const { problems } = await check('asr', ['id,path,split,text', ...rows]);
  expect(problems).toHaveLength(3);
});

test('audio and speakers that splits share are remarked on', async () => {
  const { remarks } = await check('ks', [head, ...good, '5,a.wav,test,s1,no']);
  expect(remarks).toHaveLength(2);
  expect(remarks.join('\n')).toMatch(/train and test share 1 audio files.*\n.*share 1 speakers: s1/);
  // Speakers are what the task sid tells apart.
  expect(
    (await check('sid', [head, ...good.map((row) => row.replace(/s\d/, 's1')), '5,e.wav,train,s2,no']))
      .remarks,
  ).toEqual([]);
});

test('audio that cannot be decoded is found where it is looked at', async () => {
  const rows = [head, ...good, '5,broken.wav,test,s4,yes'];
  expect((await check('ks', rows)).problems).toEqual([]);
  expect((await check('ks', rows, true)).problems).toEqual([expect.stringMatching(/broken\.wav/)]);
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
    expect(problems[i]).toMatch(complaint);
    expect(problems[i]).toContain(
      `m.csv:${broken.findIndex((each) => each.name === name) + 6}: utterance '${name}'`,
    );
  }
});

test.each([
  [
    'a missing column',
    ['id,path,split', '1,a.wav,train', '2,b.wav,dev', '3,c.wav,test'],
    /no column 'label'/,
  ],
  ['an id that stands twice', [head, ...good, '1,e.wav,test,s4,yes'], /'1'/],
  ['audio that is not there', [head, ...good, '5,f.wav,test,s4,yes'], /f\.wav/],
])('%s is refused', async (_what, rows, message) => {
  await expect(check('ks', rows)).rejects.toThrow(message);
});
