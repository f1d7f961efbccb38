/** @file Tests of train utterances whose texts are longer than their audio: left out, named, and never all there is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeWav } from '../audio/index.js';
import { runSuite } from './run-suite.fixture.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-left-out-'));
  for (const i of [0, 1, 2, 3, 4, 5]) {
    const tone = Float32Array.from({ length: 16000 }, (_, k) => Math.sin((k * (i + 3)) / 40) / 4);
    await writeWav(join(folder, `${i}.wav`), tone, 16000);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const long = 'MANY WORDS '.repeat(12).trim();
const settings = { maximumUpdates: 2, lstmSize: 4, projectionSize: 4, lstmLayers: 1 };

async function run(name: string, texts: readonly string[]) {
  const manifest = join(folder, `${name}.csv`);
  const splits = ['train', 'train', 'train', 'dev', 'test', 'test'];
  const rows = texts.map((text, i) => `u${i},${i}.wav,${splits[i]},${text}`);
  await writeFile(manifest, `${['id,path,split,text', ...rows].join('\n')}\n`);
  const { records } = await runSuite({
    tasks: [{ name: 'asr', manifest, settings }],
    encoders: ['fbank'],
    out: join(folder, name),
    cacheFolder: join(folder, 'cache'),
  });
  return records;
}

test('they are left out and named in the record; what is tested stays', async () => {
  const [record] = await run('one', ['A', long, 'B', 'C', 'D', long]);
  expect(record?.skipped).toEqual([
    {
      id: 'u1',
      reason: expect.stringMatching(/one\.csv:3: the text of 'u1' needs \d+ frames, but its audio has \d+/),
    },
  ]);
  expect(record?.metrics.wer?.utterances).toBe(2);
});

test('a train split of nothing else is refused', async () => {
  await expect(run('all', [long, long, long, 'C', 'D', 'E'])).rejects.toThrow(
    /all\.csv: the task asr can use none of the 3 utterances of split 'train', for example: .*all\.csv:2: the text of 'u0' needs \d+ frames/,
  );
});
