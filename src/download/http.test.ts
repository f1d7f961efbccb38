/** @file Downloads from a server that drops connections, forgets ranges, changes files and refuses. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomStream } from '../base/random.js';
import { type FetchOptions, fetchFile } from './http.js';
import { type FileServer, serveFiles } from './server.fixture.js';

const random = randomStream(1, 'download');
const content = Buffer.from(Array.from({ length: 100_000 }, () => random.integer(256)));
const other = Buffer.from(content).fill(7, 50_000, 60_000);
const digestOf = (name: 'md5' | 'sha256', bytes: Buffer): string =>
  createHash(name).update(bytes).digest('hex');
const digests = { md5: digestOf('md5', content), sha256: digestOf('sha256', content) };

let folder: string;
let file: string;
let server: FileServer;
let pauses: number[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-download-'));
  file = join(folder, 'x.bin');
  server = await serveFiles({ '/x.bin': content });
  pauses = [];
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const known = { bytes: content.length, ...digests };
function run(
  remote: { bytes?: number; md5?: string; sha256?: string } = known,
  more: Partial<FetchOptions> = {},
) {
  return fetchFile({ url: `${server.url}/x.bin`, ...remote }, file, {
    userAgent: 'ehmam/test',
    tries: 3,
    wait: async (milliseconds) => pauses.push(milliseconds),
    ...more,
  });
}

const message = (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'no complaint',
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** The file is whole, and nothing else is left. */
async function expectWhole(bytes = content): Promise<void> {
  expect(bytes.equals(await readFile(file))).toBe(true);
  expect(await readdir(folder)).toEqual(['x.bin']);
}

describe('fetchFile', () => {
  it('brings a file in one request and says who asks', async () => {
    const seen: number[] = [];
    await run(known, { onBytes: (bytes) => seen.push(bytes) });
    await expectWhole();
    expect(seen.at(-1)).toBe(100_000);
    expect(server.requests).toEqual(['/x.bin']);
    expect([...server.agents]).toEqual(['ehmam/test']);
  });

  it.each(['etag', 'date', 'weak'] as const)(
    'goes on where connections broke off (%s)',
    async (validators) => {
      server.validators = validators;
      server.cuts = [30_000, 20_000];
      const reasons: string[] = [];
      await run({}, { onRetry: (why) => reasons.push(why) });
      await expectWhole();
      expect(server.requests).toEqual(['/x.bin', '/x.bin from 30000', '/x.bin from 50000']);
      expect(reasons[0]).toMatch(/^connection lost \(.+\); next try in \d s$/);
    },
  );

  it('goes on in another call, too', async () => {
    server.cuts = [30_000, 0, 0, 0, 0];
    expect(await message(run())).toMatch(
      /connection lost .*, 3 times\. Run the same command again to resume/,
    );
    expect((await stat(`${file}.incomplete`)).size).toBe(30_000);
    server.cuts = [];
    await run();
    await expectWhole();
    expect(server.requests.at(-1)).toBe('/x.bin from 30000');
  });

  it('begins anew where the server does not say that the file is the same, and no digest is known', async () => {
    server.validators = 'none';
    server.cuts = [30_000];
    await run({ bytes: content.length });
    await expectWhole();
    expect(server.requests).toEqual(['/x.bin', '/x.bin']);
  });

  it('begins anew where the server forgets ranges', async () => {
    server.ignoresRanges = true;
    server.cuts = [30_000];
    await run();
    await expectWhole();
  });

  it('begins anew where the file changes midway', async () => {
    server.cuts = [30_000];
    await run({}, { wait: async () => server.files.set('/x.bin', other) });
    await expectWhole(other);
  });

  it('begins anew where a changed file was continued unnoticed, and its digest tells', async () => {
    server.validators = 'none';
    server.files.set('/x.bin', other);
    server.cuts = [70_000];
    await run(known, { wait: async () => server.files.set('/x.bin', content) });
    await expectWhole();
    expect(server.requests).toEqual(['/x.bin', '/x.bin from 70000', '/x.bin']);
  });

  it('begins anew where more was there than the file has', async () => {
    await writeFile(`${file}.incomplete`, Buffer.alloc(200_000));
    await run();
    await expectWhole();
    await writeFile(`${file}.incomplete`, Buffer.alloc(200_000));
    await run({ md5: digests.md5 });
    await expectWhole();
    expect(server.requests).toEqual(['/x.bin', '/x.bin from 200000', '/x.bin']);
  });

  it('asks nothing where all of it was there', async () => {
    await writeFile(`${file}.incomplete`, content);
    await run();
    await expectWhole();
    expect(server.requests).toEqual([]);
  });

  it('gives up a connection over which nothing comes', async () => {
    server.hangAfter = 10_000;
    const reasons: string[] = [];
    await run(known, { stallSeconds: 0.2, onRetry: (why) => reasons.push(why) });
    await expectWhole();
    expect(reasons).toEqual([expect.stringContaining('no data for 0.2 s')]);
  });

  it('waits as the server asks, else longer each time', async () => {
    const soon = new Date(Date.now() + 100_000).toUTCString();
    server.statuses = [
      { status: 429, headers: { 'retry-after': '7' } },
      { status: 503, headers: { 'retry-after': soon } },
      ...[500, 502, 503].map((status) => ({ status })),
    ];
    await run(known, { tries: 6 });
    await expectWhole();
    const [first, second, ...others] = pauses.map((milliseconds) => milliseconds / 1000);
    expect(first).toBe(7);
    expect(second).toBeGreaterThan(95);
    for (const [i, usual] of [4, 8, 16].entries()) {
      expect(others[i]).toBeGreaterThanOrEqual(0.75 * usual);
      expect(others[i]).toBeLessThanOrEqual(1.25 * usual);
    }
  });

  it('does not wait for hours', async () => {
    server.statuses = [{ status: 429, headers: { 'retry-after': '7200' } }];
    expect(await message(run())).toContain('the server asks to wait 120 minutes');
    expect(pauses).toEqual([]);
  });

  it.each([404, 403, 410])('does not ask again after status %i', async (status) => {
    server.statuses = [{ status }];
    expect(await message(run())).toMatch(
      new RegExp(`UserError: .*/x.bin: the server answered with status ${status}`),
    );
    expect(server.requests).toHaveLength(1);
  });

  it('names a wrong digest, and keeps nothing of it', async () => {
    server.files.set('/x.bin', other);
    expect(await message(run())).toContain(
      `the download differs from the published file: its MD5 is ${digestOf('md5', other)}, expected ${digests.md5}`,
    );
    expect(await message(run({ sha256: digests.sha256 }))).toContain('its SHA256 is');
    expect(await readdir(folder)).toEqual([]);
  });

  it('sees from the length that the file is another, before it comes', async () => {
    server.files.set('/x.bin', content.subarray(1));
    expect(await message(run())).toContain(`the server's file has 99999 bytes, expected 100000`);
    expect(await readdir(folder)).toEqual([]);
  });

  it('says that a server cannot be reached', async () => {
    await server.close();
    expect(await message(run())).toMatch(/ECONNREFUSED.*, 3 times\. Run the same command again/);
    expect(pauses).toHaveLength(2);
  });
});
