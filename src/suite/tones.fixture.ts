/** @file A suite of two tones, small enough to be run many times: 24 files, three tasks, an encoder trained first. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWav } from '../audio/index.js';
import { sha256OfFile } from '../base/files.js';
import { randomStream } from '../base/random.js';
import { melConfig } from '../pretrain/training.fixture.js';
import { loadSuite } from './definition.js';
import { type LoggedEvent, readEvents } from './events.js';
import { type Execution, executeGraph } from './execute.js';
import { type GraphOptions, planGraph } from './graph.js';
import type { JobGraph } from './job.js';
import { stateFolderOf } from './state.js';

const pooled = { projectionSize: 16, learningRates: [0.01], maximumUpdates: 20 };

/** What the suite file says, changed where a test wants it. */
export const tonesSuite = {
  name: 'tones',
  encoders: [
    'fbank',
    { name: 'toy', pretrain: { config: 'toy.json', manifest: 'tones.csv' } },
  ] as readonly unknown[],
  tasks: [
    { name: 'ks', manifest: 'tones.csv', settings: pooled },
    { name: 'sid', manifest: 'tones.csv', settings: pooled },
    { name: 'asr', manifest: 'tones.csv', settings: { projectionSize: 8, lstmSize: 8, maximumUpdates: 6 } },
  ],
};

/**
 * Writes audio, manifest (`tones.csv`), settings of the pre-training and the suite into a folder.
 * @param steps updates of the pre-training
 * @returns the suite file
 */
export async function writeTones(folder: string, suite: object = tonesSuite, steps = 6): Promise<string> {
  const rows = ['id,path,split,speaker,label,text'];
  for (const split of ['train', 'dev', 'test']) {
    for (let i = 0; i < 8; i++) {
      const random = randomStream(1, split, i);
      const high = i % 2 === 1;
      // A steady tone would vanish with the mean that the log-mel front end takes away: these change every 50 ms.
      const tones = high ? [0.9, 1.5] : [0.2, 0.4];
      const samples = Float32Array.from(
        { length: 6400 },
        (_, n) => 0.3 * Math.sin(n * (tones[Math.floor(n / 800) % 2] as number)) + 0.02 * random.normal(),
      );
      await writeWav(join(folder, `${split}${i}.wav`), samples, 16000);
      rows.push(`${split}${i},${split}${i}.wav,${split},s${i % 4},${high ? 'high,hi' : 'low,lo'}`);
    }
  }
  await writeFile(join(folder, 'tones.csv'), `${rows.join('\n')}\n`);
  const optimizer = { ...melConfig.optimizer, steps };
  await writeFile(join(folder, 'toy.json'), JSON.stringify({ ...melConfig, optimizer }));
  const file = join(folder, 'suite.json');
  await writeFile(file, JSON.stringify(suite));
  return file;
}

/** The jobs of a suite whose files `writeTones` wrote; results go to `out`, features to `cache`. */
export async function planTones(
  folder: string,
  change: Partial<GraphOptions> = {},
  suite: object = tonesSuite,
): Promise<JobGraph> {
  const file = join(folder, 'suite.json');
  await writeFile(file, JSON.stringify(suite));
  return planGraph(await loadSuite(file), {
    seeds: [1],
    training: {},
    engine: { name: 'onnx', provider: 'cpu', threads: 1 },
    maxBadShare: 0,
    plugins: [],
    out: join(folder, 'out'),
    cacheFolder: join(folder, 'cache'),
    quiet: true,
    ...change,
  });
}

/** Does them in this process. */
export const executeTones = (graph: JobGraph): Promise<Execution> =>
  executeGraph(graph, { quiet: true, say: () => undefined, signal: new AbortController().signal });

/** What a run has left of results, without what no two runs share: times, memory, the folder. */
export async function resultsOf(out: string): Promise<Readonly<Record<string, unknown>>> {
  const results: Record<string, unknown> = {};
  for (const path of (await readdir(out, { recursive: true })).sort()) {
    if (path.endsWith('record.json')) {
      const record = JSON.parse(await readFile(join(out, path), 'utf8')) as Record<string, unknown>;
      const { costs: _costs, createdAt: _createdAt, encoder, ...rest } = record;
      results[path] = { ...rest, encoder: { ...(encoder as object), spec: '' } };
    } else if (
      /(predictions\.jsonl|head\.safetensors|model\.safetensors)$/.test(path) &&
      !path.startsWith('.')
    )
      results[path] = await sha256OfFile(join(out, path));
  }
  return results;
}

/** The titles of jobs that an event of this kind was logged for, sorted. */
export async function titlesOf(out: string, kind: LoggedEvent['event']): Promise<string[]> {
  const events = await readEvents(stateFolderOf(out));
  return events.flatMap((event) => (event.event === kind && 'title' in event ? [event.title] : [])).sort();
}
