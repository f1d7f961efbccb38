import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { buildMiniSuite, type MiniSuite } from './build.js';
import { checksumFile } from './checksums.js';
import type { MiniSource } from './definition.js';
import { tinySource } from './tiny-source.fixture.js';

let cacheFolder: string;
let source: MiniSource;
let suite: MiniSuite;
let original: ReadonlyMap<string, string>;

const build = (): Promise<MiniSuite> => buildMiniSuite({ cacheFolder, quiet: true, source });

/** Every file of the corpus with its digest. */
async function digests(root: string): Promise<Map<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.sort().map((file) => readFile(file)));
  return new Map(
    files.map((file, i) => [
      file,
      createHash('sha256')
        .update(contents[i] ?? '')
        .digest('hex'),
    ]),
  );
}

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'ehmam-mini-'));
  source = await tinySource(1);
  suite = await build();
  original = await digests(suite.root);
});
afterAll(() => rm(cacheFolder, { recursive: true, force: true }));

describe('buildMiniSuite', () => {
  it('writes manifests that can be read, with the columns of their tasks', async () => {
    const splits = ['train', 'dev', 'test'];
    expect(await loadUtterances(suite.pretrain, { splits: ['train'], columns: ['speaker'] })).toHaveLength(4);
    const asr = await loadUtterances(suite.tasks.asr, { splits, columns: ['speaker', 'text'] });
    expect(asr.every(({ columns }) => /^[A-Z]+( [A-Z]+)*$/.test(columns.text ?? ''))).toBe(true);
    await loadUtterances(suite.tasks.ks, { splits, columns: ['label'] });
    await loadUtterances(suite.tasks.sid, { splits, columns: ['label', 'speaker'] });
    const slots = ['intent.action', 'intent.object', 'intent.location'];
    await loadUtterances(suite.tasks.ic, { splits, columns: slots });
  });

  it('notes the length of each utterance as it is in the file', async () => {
    for (const { path, durationSeconds } of await loadUtterances(suite.tasks.asr)) {
      expect(durationSeconds).toBe(((await stat(path)).size - 44) / 2 / 16000);
    }
  });

  it('makes nothing again when all is there', async () => {
    const wav = (await loadUtterances(suite.tasks.asr))[0]?.path ?? '';
    const before = (await stat(wav)).mtimeMs;
    await build();
    expect((await stat(wav)).mtimeMs).toBe(before);
  });

  it('makes damaged, torn and missing files again, with the same bytes', async () => {
    const [damaged, torn, missing] = (await loadUtterances(suite.tasks.ks)).map(({ path }) => path) as [
      string,
      string,
      string,
    ];
    const bytes = await readFile(damaged);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(damaged, bytes);
    await writeFile(torn, (await readFile(torn)).subarray(0, 500));
    await rm(missing);
    await rm(suite.tasks.sid);
    await build();
    expect(await digests(suite.root)).toEqual(original);
  });

  it('takes up an interrupted run: what was noted is kept, the rest is made', async () => {
    const file = join(suite.root, checksumFile);
    const lines = (await readFile(file, 'utf8')).split('\n');
    // The run ended in the middle of a line, and after a file that is not noted yet.
    await writeFile(file, `${lines.slice(0, 5).join('\n')}\n${lines[5]?.slice(0, 40)}`);
    await rm(suite.pretrain);
    const kept = join(suite.root, lines[0]?.slice(66) ?? '');
    const before = (await stat(kept)).mtimeMs;
    await build();
    expect((await stat(kept)).mtimeMs).toBe(before);
    expect(await digests(suite.root)).toEqual(original);
  });

  it('keeps another definition in another folder', async () => {
    const definition = { ...source.definition, seed: 2 };
    const other = await buildMiniSuite({ cacheFolder, quiet: true, source: { ...source, definition } });
    expect(other.root).not.toBe(suite.root);
  });

  it('ends between two files when it is interrupted, and goes on from there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ehmam-mini-stopped-'));
    const interrupt = new AbortController();
    const options = { cacheFolder: folder, quiet: true, source, workers: 1 };
    const stopped = expect(buildMiniSuite({ ...options, signal: interrupt.signal })).rejects.toThrow(
      'enough',
    );
    const madeIn = async (): Promise<string[]> =>
      (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.wav'));
    while ((await madeIn()).length === 0) await sleep(1);
    interrupt.abort(new Error('enough'));
    await stopped;
    const made = (await madeIn()).length;
    expect(made).toBeLessThan([...original.keys()].filter((name) => name.endsWith('.wav')).length);
    const { root } = await buildMiniSuite(options);
    const [whole, again] = [original, await digests(root)].map((files) => [...files.values()].sort());
    expect(again).toEqual(whole);
    await rm(folder, { recursive: true });
  });

  it('says which folder cannot be made', async () => {
    const blocked = join(cacheFolder, 'a-file');
    await writeFile(blocked, '');
    await expect(buildMiniSuite({ cacheFolder: blocked, quiet: true, source })).rejects.toThrow(
      /a-file.*EHMAM_CACHE/,
    );
  });
});
