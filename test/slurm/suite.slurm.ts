/** @file Suites on a Slurm cluster of two nodes, which are killed at random moments: the results are a local run's. */
import { type ChildProcess, execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomMoments } from '../../src/base/moments.fixture.js';
import { compileEntry, type Entry, type Finished } from '../../src/cli/entry.fixture.js';
import { readEvents } from '../../src/suite/events.js';
import { readGraph, stateFolderOf } from '../../src/suite/state.js';
import { resultsOf, titlesOf, tonesSuite, writeTones } from '../../src/suite/tones.fixture.js';

const execute = promisify(execFile);
const kills = 4;
const script = fileURLToPath(new URL('cluster.sh', import.meta.url));

let entry: Entry;
let folder: string;
let suite: string;
const cluster = async (command: string, ...words: string[]): Promise<void> => {
  await execute(script, [command, join(folder, 'cluster'), ...words]);
};
const slurm = async (command: string, ...words: string[]): Promise<string> =>
  (await execute(command, words, { env: environment('') })).stdout;
const environment = (out: string) => ({
  ...process.env,
  SLURM_CONF: join(folder, 'cluster', 'slurm.conf'),
  EHMAM_CACHE: join(folder, `cache-${out}`),
});
const children: ChildProcess[] = [];
const run = async (file: string, out: string, ...more: string[]): Promise<Finished> => {
  const child = entry.start(
    ['run', '--suite', file, '--out', join(folder, out), '--threads', '1', '--quiet', ...more],
    environment(out),
  );
  children.push(child);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk) => {
      texts[name] += String(chunk);
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
};
const stateOf = (out: string): string => stateFolderOf(join(folder, out));

beforeAll(async () => {
  entry = await compileEntry();
  // Slurm's sockets and logs lie here, too: a short path.
  folder = await mkdtemp(join(tmpdir(), 'ehmam-slurm-'));
  const resources = { features: { shards: 2, cpus: 1, memory: '200MB' }, head: { time: '10:00' } };
  const tasks = tonesSuite.tasks.filter(({ name }) => name !== 'sid');
  suite = await writeTones(folder, { ...tonesSuite, tasks, resources }, 1500);
  await cluster('start');
});
afterAll(async () => {
  // A test that failed leaves its run waiting.
  for (const child of children) child.kill('SIGKILL');
  await cluster('stop');
  await rm(folder, { recursive: true, force: true });
});

describe('on a Slurm cluster', () => {
  it(`a suite whose nodes are killed ${kills} times ends with the results of a local run, no job done twice`, async () => {
    const local = await run(suite, 'local', '--jobs', '1');
    expect(local).toMatchObject({ code: 0, stderr: '' });

    const left = await run(suite, 'slurm', '--launcher', 'slurm', '--detach');
    expect(left).toMatchObject({ code: 0, stdout: '', stderr: '' });
    // Another one finds what is queued: it submits nothing and waits.
    let over = false;
    const watching = run(suite, 'slurm', '--launcher', 'slurm').finally(() => {
      over = true;
    });
    const random = randomMoments('kills');
    for (let kill = 0; kill < kills; kill++) {
      const running = async (): Promise<string[]> =>
        (await slurm('squeue', '--noheader', '--states=RUNNING', '--format=%N')).split('\n').filter(Boolean);
      let nodes = await running();
      for (; !over && nodes.length === 0; nodes = await running()) await sleep(100);
      const node = nodes[random.integer(nodes.length)] ?? 'n1';
      // In its start, its work, its last writes.
      await sleep(random.uniform() * 3000);
      // A suite that was over before its kills would show nothing.
      expect(over).toBe(false);
      await cluster('kill-node', node);
      // Back at once, or when Slurm has given it up.
      await sleep(random.uniform() * 10_000);
      await cluster('start-node', node);
    }
    const watched = await watching;
    expect(watched).toMatchObject({ code: 0, stderr: '' });

    expect(await resultsOf(join(folder, 'slurm'))).toEqual(await resultsOf(join(folder, 'local')));
    expect(watched.stdout).toBe(local.stdout);
    const { jobs } = await readGraph(stateOf('slurm'));
    const done = await titlesOf(join(folder, 'slurm'), 'done');
    expect(done).toEqual(jobs.map(({ title }) => title).sort());
    const interrupted = (await titlesOf(join(folder, 'slurm'), 'started')).length - done.length;
    expect(interrupted).toBeGreaterThan(0);
    expect(await readdir(join(stateOf('slurm'), 'locks'))).toEqual([]);

    // All is done: nothing is submitted, and nothing is written.
    const before = (await readEvents(stateOf('slurm'))).length;
    expect(await run(suite, 'slurm', '--launcher', 'slurm')).toMatchObject({ code: 0, stdout: local.stdout });
    expect((await readEvents(stateOf('slurm'))).length).toBe(before);
    expect((await readdir(join(stateOf('slurm'), 'slurm'))).filter((name) => /^\d+$/.test(name))).toEqual([
      '1',
    ]);
    const status = await entry.run(['status', join(folder, 'slurm')], environment('slurm'));
    expect(status.stdout).toMatch(/head-2 \(Slurm job \d+\): 2 completed/);
  });

  it('the mini suite, a node of which is killed in the middle, ends with the results of a local run', async () => {
    // Recognition takes minutes a head, and nothing here depends on the task.
    const some = ['--encoders', 'fbank,random:tiny', '--tasks', 'ks,sid'];
    const local = await run('mini', 'mini-local', '--jobs', '2', ...some);
    expect(local).toMatchObject({ code: 0, stderr: '' });
    // The corpus alone: features and heads are made anew.
    const [corpus = ''] = (await readdir(join(folder, 'cache-mini-local'))).filter((name) =>
      name.startsWith('mini-'),
    );
    const caches = ['local', 'slurm'].map((out) => join(folder, `cache-mini-${out}`, corpus));
    await cp(caches[0] as string, caches[1] as string, { recursive: true });

    const running = run('mini', 'mini-slurm', '--launcher', 'slurm', ...some);
    const words = ['--noheader', '--states=RUNNING', '--nodelist=n2', '--format=%j'];
    while (!(await slurm('squeue', ...words)).includes('ehmam-head')) await sleep(200);
    await sleep(randomMoments('kill').uniform() * 4000);
    await cluster('kill-node', 'n2');
    await cluster('start-node', 'n2');
    expect(await running).toEqual(local);
    expect(await resultsOf(join(folder, 'mini-slurm'))).toEqual(await resultsOf(join(folder, 'mini-local')));
    const { jobs } = await readGraph(stateOf('mini-slurm'));
    expect(await titlesOf(join(folder, 'mini-slurm'), 'done')).toEqual(jobs.map(({ title }) => title).sort());
  });

  it('a job that is told to end goes back into the queue; one that is cancelled holds up those alone that need it', async () => {
    const file = join(folder, 'cancelled.json');
    const suiteText = { ...tonesSuite, name: 'cancelled', tasks: tonesSuite.tasks.slice(0, 1) };
    await writeFile(file, JSON.stringify(suiteText));
    const running = run(file, 'cancelled', '--launcher', 'slurm');
    const pretraining = async (state: string): Promise<string> => {
      const words = ['--noheader', '--name=ehmam-pretrain-0', `--states=${state}`, '--format=%A'];
      for (;;) {
        const id = (await slurm('squeue', ...words)).trim();
        if (id !== '') return id;
        await sleep(100);
      }
    };
    const id = await pretraining('RUNNING');
    const title = 'pre-train toy';
    const steps = join(folder, 'cancelled', 'encoders', 'toy', 'log.jsonl');
    while ((await readFile(steps, 'utf8').catch(() => '')) === '') await sleep(20);
    await slurm('scancel', '--batch', '--signal=TERM', id);
    // The same job, with a checkpoint to go on from.
    expect(await pretraining('PENDING')).toBe(id);
    expect(await titlesOf(join(folder, 'cancelled'), 'interrupted')).toEqual([title]);
    const checkpoints = join(folder, 'cancelled', 'encoders', 'toy', 'checkpoints');
    expect(await readdir(checkpoints)).toContainEqual(expect.stringMatching(/^step-\d+\.safetensors$/));
    await slurm('scancel', id);
    const result = await running;
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/failed: pre-train toy: Slurm ended the job \(state CANCELLED\)/);
    expect(result.stderr).toMatch(/skipped, because a job that it needs failed: ks head on toy/);
    const done = () => titlesOf(join(folder, 'cancelled'), 'done');
    expect(await done()).toEqual(['ks features of fbank', 'ks head on fbank']);
    expect(await run(file, 'cancelled', '--launcher', 'slurm')).toMatchObject({ code: 0, stderr: '' });
    expect(await done()).toHaveLength(5);
  });

  it('what Slurm refuses is said with its reason', async () => {
    const file = join(folder, 'refused.json');
    const resources = { features: { partition: 'nowhere' } };
    await writeFile(file, JSON.stringify({ ...tonesSuite, encoders: ['fbank'], resources }));
    const refused = await run(file, 'refused', '--launcher', 'slurm');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/features-0\.sh: Slurm rejected the job array: .*invalid partition/i);
  });
});
