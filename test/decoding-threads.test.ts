/** @file Crops for pre-training as the compiled program makes them: decoded on threads, the same as without. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import { writeTree } from '../src/data/corpora/miniatures.fixture.js';
import { type CropOptions, cropStream } from '../src/data/crops.js';
import { loadUtterances, type Utterance } from '../src/data/manifest.js';
import { writeUtterances } from '../src/pretrain/training.fixture.js';

let entry: Entry;
let compiled: { readonly cropStream: typeof cropStream };
let folder: string;
let utterances: Utterance[];
beforeAll(async () => {
  entry = await compileEntry();
  compiled = await import(pathToFileURL(join(entry.folder, 'src', 'data', 'crops.js')).href);
  folder = await mkdtemp(join(tmpdir(), 'ehmam-threads-'));
  utterances = await writeUtterances(folder);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Threads beside this one, by what keeps a process alive. */
const threadsAlive = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

/** A thread that was ended is gone a moment later. */
const expectNoThreads = () => vi.waitFor(() => expect(threadsAlive()).toBe(0));

const options: CropOptions = { seed: 3, cropSamples: () => 9000, batchSize: 3, firstStep: 2, cacheBytes: 0 };

async function take(stream: ReturnType<typeof cropStream>, count: number): Promise<Float32Array[]> {
  const batches: Float32Array[] = [];
  for await (const { samples } of stream) {
    batches.push(samples);
    if (batches.length === count) break;
  }
  return batches;
}

describe('crops that threads decode', () => {
  it.each([1, 2, 5])('are those of one thread, in the same order: %i threads', async (threads) => {
    const alone = await take(cropStream(utterances, options), 6);
    expect(await take(compiled.cropStream(utterances, { ...options, threads }), 6)).toEqual(alone);
  });

  it('name the line of an utterance whose audio cannot be read, and end their threads then', async () => {
    await writeFile(join(folder, 'broken.wav'), 'no audio');
    const broken = utterances.map((each, i) =>
      i === 3 ? { ...each, path: join(folder, 'broken.wav') } : each,
    );
    await expect(take(compiled.cropStream(broken, options), 9)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        /^test\.csv:5: utterance 'u3': .*broken\.wav: is not a supported audio file/,
      ),
    });
    await expectNoThreads();
  });

  it('name an utterance without samples', async () => {
    const empty = { ...(utterances[0] as Utterance), startSeconds: 0.1, durationSeconds: 1e-6 };
    await expect(take(compiled.cropStream([empty], options), 1)).rejects.toThrow(
      /^test\.csv:2: utterance 'u0': .*a duration of .* is shorter than one sample/,
    );
  });

  it('end their threads when no more crops are wanted', async () => {
    await expectNoThreads();
    const stream = compiled.cropStream(utterances, { ...options, threads: 3 });
    await stream.next();
    expect(threadsAlive()).toBeGreaterThanOrEqual(3);
    await stream.return(undefined as never);
    await expectNoThreads();
  });
});

it('ehmam prepare reads headers on threads, and names what is damaged', async () => {
  const root = join(folder, 'corpus');
  await writeTree(root, {
    ...Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`s${i % 3}/${i}.wav`, (i + 1) / 1000])),
    's0/broken.flac.wav': 'fLaC',
  });
  const out = join(folder, 'prepared');
  const { code, stdout, stderr } = await entry.run([
    'prepare',
    'folder',
    '--root',
    root,
    '--out',
    out,
    '--json',
  ]);
  expect(stderr).toContain('skipped:');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).remarks[0]).toContain('broken.flac.wav: the FLAC file is truncated or damaged');
  const rows = await loadUtterances(join(out, 'corpus.csv'));
  expect(rows).toHaveLength(150);
  const lies = rows.filter(({ id, durationSeconds }) => durationSeconds !== (Number(id.slice(3)) + 1) / 1000);
  expect(lies).toEqual([]);
});
