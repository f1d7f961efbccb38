/** @file Fetches planned and done against a server on this machine. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileServer, serveFiles } from '../../download/server.fixture.js';
import { fetchArchives, planFetch } from './fetch.js';
import { type PublishedCorpus, publishedArchive, publishedCorpora } from './published.js';

const contents = { dev: Buffer.alloc(50_000, 'dev'), test: Buffer.alloc(30_000, 'test') };

let folder: string;
let server: FileServer;
let corpus: PublishedCorpus;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-fetch-'));
  server = await serveFiles({ '/dev.tar.gz': contents.dev, '/test.tar.gz': contents.test });
  corpus = {
    corpus: 'small',
    licence: 'CC0',
    usual: ['dev', 'test'],
    archives: Object.entries(contents).map(([subset, content]) => ({
      name: `${subset}.tar.gz`,
      subset,
      url: `http://127.0.0.1:9/${subset}.tar.gz`,
      bytes: content.length,
      md5: createHash('md5').update(content).digest('hex'),
    })),
  };
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const plan = (subsets?: readonly string[]) =>
  planFetch(corpus, { out: folder, subsets, mirror: `${server.url}/` });
const run = async (subsets?: readonly string[]) =>
  fetchArchives(await plan(subsets), { quiet: true, userAgent: 'ehmam/test', wait: async () => undefined });

describe('a fetch', () => {
  it('brings what is not there, over a connection that breaks, and nothing twice', async () => {
    server.cuts = [20_000];
    await run();
    expect(contents.dev.equals(await readFile(join(folder, 'dev.tar.gz')))).toBe(true);
    expect(contents.test.equals(await readFile(join(folder, 'test.tar.gz')))).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['dev.tar.gz', 'test.tar.gz']);
    const asked = server.requests.length;
    await run();
    expect(server.requests).toHaveLength(asked);
  });

  it('is planned with what is there of it', async () => {
    await writeFile(join(folder, 'dev.tar.gz.incomplete'), contents.dev.subarray(0, 10_000));
    await writeFile(join(folder, 'test.tar.gz'), contents.test);
    const planned = await plan();
    expect(planned.map(({ there }) => there)).toEqual([10_000, 30_000]);
    expect(planned[0]?.url).toBe(`${server.url}/dev.tar.gz`);
    await run();
    // No validator was kept: the digest is what lets it go on.
    expect(server.requests).toEqual(['/dev.tar.gz from 10000']);
  });

  it('leaves a file of the name that is another alone', async () => {
    await writeFile(join(folder, 'dev.tar.gz'), 'mine');
    await expect(run()).rejects.toThrow('has 4 bytes, but the published file has 50000');
    expect(await readFile(join(folder, 'dev.tar.gz'), 'utf8')).toBe('mine');
  });

  it('does not begin where the disk is too small', async () => {
    const [first] = await plan(['dev']);
    const planned = first === undefined ? [] : [{ ...first, bytes: 1e18 }];
    await expect(fetchArchives(planned, { quiet: true, userAgent: 'ehmam/test' })).rejects.toThrow(
      /GB free, the archives need 1000000000\.0 GB/,
    );
    expect(server.requests).toEqual([]);
  });

  it('knows its subsets', async () => {
    await expect(plan(['train'])).rejects.toThrow(
      "unknown subset 'train' of small. Expected one of: dev, test",
    );
  });
});

it('what is published adds up to what its publishers say', () => {
  const bytes = publishedCorpora.map(({ archives }) => archives.reduce((sum, each) => sum + each.bytes, 0));
  // dataset_infos.json of huggingface/datasets: ks has 1560367713; the seven archives of LibriSpeech.
  expect(bytes[1]).toBe(1560367713);
  expect(bytes[0]).toBe(30121377654 + 31236565377);
  expect(publishedArchive('librispeech', 'dev-clean.tar.gz')?.md5).toHaveLength(32);
  expect(publishedArchive('voxceleb1', 'dev-clean.tar.gz')).toBeUndefined();
});
