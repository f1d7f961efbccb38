/** @file `prepare` and `fetch` as a user meets them: killed and called again, planned and confirmed. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeWav } from '../audio/index.js';
import { writeTar } from '../data/archives/archives.fixture.js';
import { type FileServer, serveFiles } from '../download/server.fixture.js';
import { compileEntry, type Entry } from './entry.fixture.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let entry: Entry;
let folder = '';
let server: FileServer;
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-cli-prepare-'));
  server = await serveFiles({ '/dev-clean.tar.gz': Buffer.alloc(1000) });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('prepare --from', () => {
  it('is not taken for done when it was killed, and goes on', async () => {
    const archive = join(folder, 'birds.tar.gz');
    const clip = Buffer.from(encodeWav(new Float32Array(1600), 16000));
    const count = 1200;
    await writeTar(
      archive,
      Array.from({ length: count }, (_, i) => [{ name: `birds/s${i % 40}/${i}.wav` }, clip] as const),
    );
    const root = join(folder, 'root');
    const out = join(folder, 'manifests');
    const words = ['prepare', 'folder', '--root', root, '--out', out, '--fast'];
    const child = entry.start([...words, '--from', archive, '--quiet']);
    const ended = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
    while (!existsSync(join(root, 'birds', 's3'))) await delay(2);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect((await readdir(root, { recursive: true })).length).toBeLessThan(count);

    const refused = await entry.run(words);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/contains only a part of birds\.tar\.gz.*--from birds\.tar\.gz again/);
    const done = await entry.run([...words, '--from', archive, '--json']);
    expect(done.code).toBe(0);
    const { manifests } = JSON.parse(done.stdout) as { manifests: { splits: Record<string, number> }[] };
    expect(Object.values(manifests[0]?.splits ?? {}).reduce((sum, each) => sum + each, 0)).toBe(count);
    expect(done.stderr).toMatch(/^unpack birds\.tar\.gz, MB 1\/1 in .*1200 files$/m);
  });
});

describe('fetch', () => {
  it('says what and how much, and does nothing without --yes', async () => {
    const out = join(folder, 'fetched');
    const words = ['fetch', 'librispeech', '--out', out];
    const { code, stdout, stderr } = await entry.run(words);
    expect(code).toBe(2);
    expect(stdout).toContain(
      `https://www.openslr.org/resources/12/train-clean-100.tar.gz (6.4 GB) to ${join(out, 'train-clean-100.tar.gz')}\n`,
    );
    expect(stdout).toContain('librispeech, licence CC BY 4.0: 7.1 GB to download\n');
    expect(stderr).toBe('ehmam: nothing was downloaded. Pass --yes to download it\n');
    const json = await entry.run([...words, '--subset', 'dev-clean,dev-other', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ fetched: false, bytes: 652232214 });
    expect(existsSync(out)).toBe(false);
  });

  it('does not take what another server has under the name', async () => {
    const words = ['fetch', 'librispeech', '--subset', 'dev-clean', '--out', join(folder, 'fetched')];
    const { code, stderr } = await entry.run([...words, '--mirror', server.url, '--yes', '--quiet']);
    expect(code).toBe(1);
    expect(stderr).toContain(`the server's file has 1000 bytes, expected 337926286`);
    expect([...server.agents]).toEqual([expect.stringMatching(/^ehmam\/\d+\.\d+\.\d+$/)]);
  });

  it('refuses what cannot be fetched', async () => {
    const { code, stderr } = await entry.run(['fetch', 'librispeach', '--out', folder]);
    expect(code).toBe(2);
    expect(stderr).toBe("ehmam: unknown corpus 'librispeach'. Did you mean 'librispeech'?\n");
  });
});
