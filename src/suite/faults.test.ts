/** @file Disks and corpora that fail a suite: it is said with its hint, the rest is done, a rerun completes. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteStatus } from './status.js';
import { executeTones, planTones, resultsOf, titlesOf, tonesSuite, writeTones } from './tones.fixture.js';

const [ks, sid] = tonesSuite.tasks;
let folder: string;
let canMount = false;
const mounts: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-suite-faults-'));
  await writeTones(folder);
  canMount = await mountTmpfs('probe', '1m').then(
    () => true,
    () => false,
  );
});
afterAll(async () => {
  for (const mount of mounts) execFileSync('umount', ['-l', mount]);
  await rm(folder, { recursive: true, force: true });
});

/** A small disk of its own. */
async function mountTmpfs(name: string, size: string): Promise<string> {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place], { stdio: 'pipe' });
  mounts.push(place);
  return place;
}

const run = async (out: string, suite: object) =>
  executeTones(await planTones(folder, { out: join(folder, out) }, suite));

const onlyKs = { ...tonesSuite, encoders: ['fbank'], tasks: [ks] };
const doneIn = (out: string): Promise<string[]> => titlesOf(join(folder, out), 'done');

describe('a suite', () => {
  it('of which a corpus is missing does the rest, and what was missing when it is back', async () => {
    const suite = { ...onlyKs, tasks: [ks, { ...sid, manifest: 'others.csv' }] };
    const { complete, summary } = await run('missing', suite);
    expect(complete).toBe(false);
    expect(summary).toMatch(/not planned: task sid: .*others\.csv: the manifest cannot be read/);
    expect(summary).toContain('run the same command to do the rest');
    const ofKs = ['ks features of fbank', 'ks head on fbank'];
    expect(await doneIn('missing')).toEqual(ofKs);
    const rows = ['train', 'dev', 'test'].flatMap((split) =>
      [0, 1].map((i) => `${split}${i},${split}${i}.wav,${split},s${i}\n`),
    );
    await writeFile(join(folder, 'others.csv'), `id,path,split,speaker\n${rows.join('')}`);
    expect(await run('missing', suite)).toMatchObject({ complete: true, summary: undefined });
    expect(await doneIn('missing')).toEqual([...ofKs, 'sid features of fbank', 'sid head on fbank']);
  });

  it('of which nothing is left without the corpus is refused, and nothing is written', async () => {
    await expect(run('nothing', { ...onlyKs, tasks: [{ ...ks, manifest: 'none.csv' }] })).rejects.toThrow(
      /none\.csv: the manifest cannot be read/,
    );
    await expect(suiteStatus(join(folder, 'nothing'))).rejects.toThrow(/is not a results folder of a suite/);
  });

  it('whose disk is full says so, does what fits, and the rest once there is room', async (test) => {
    if (!canMount) test.skip('a disk of its own needs root');
    const disk = await mountTmpfs('full', '4m');
    const suite = { ...tonesSuite, tasks: [ks] };
    // Room for records and heads, none for a checkpoint.
    const filler = join(disk, 'filler');
    await writeFile(filler, new Uint8Array(4 * 1024 * 1024 - 200_000));
    const { summary } = await run('full', suite);
    expect(summary).toMatch(
      /failed: pre-train toy: .*cannot be written \(ENOSPC.*The disk is full: free some space/,
    );
    expect(summary).toContain('skipped, because a job that it needs failed: ks head on toy');
    expect(await doneIn('full')).toEqual(['ks features of fbank', 'ks head on fbank']);
    expect((await suiteStatus(disk)).counts).toMatchObject({ jobs: 5, done: 2, failed: 1, blocked: 2 });
    await truncate(filler);
    expect(await run('full', suite)).toMatchObject({ complete: true });
    expect(Object.keys(await resultsOf(disk)).filter((path) => path.endsWith('record.json'))).toHaveLength(2);
  });

  it('of which a results folder is read-only does the rest, and that once it can be written', async (test) => {
    if (!canMount) test.skip('a disk of its own needs root');
    const disk = await mountTmpfs('closed/fbank', '1m');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const suite = { ...onlyKs, encoders: ['fbank', 'random:tiny'] };
    const { summary } = await run('closed', suite);
    expect(summary).toMatch(
      /failed: ks head on fbank: .*cannot be written \(EROFS.*Its file system is read-only: choose another/,
    );
    expect(await doneIn('closed')).toContain('ks head on random:tiny');
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    expect(await run('closed', suite)).toMatchObject({ complete: true, done: 1 });
  });

  it('whose whole results folder is read-only is refused', async (test) => {
    if (!canMount) test.skip('a disk of its own needs root');
    const disk = await mountTmpfs('shut', '1m');
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(run('shut', onlyKs)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/shut.*cannot be written \(EROFS/),
    });
  });
});
