/** @file Runs on Slurm, with commands that stand in for its own. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JobGraph } from '../job.js';
import { markDone, markFailed } from '../state.js';
import { runsInSlurm } from './commands.js';
import { runOnSlurm } from './launch.js';
import { job, key, stub } from './stubs.fixture.js';
import { arrayStatuses, readSubmissions, statusLine } from './submissions.js';

describe('a run', () => {
  let folder = '';
  let state = '';
  let graph: JobGraph;
  const bin = (): string => join(folder, 'bin');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ehmam-slurm-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  afterEach(() => vi.unstubAllEnvs());

  /** Three jobs, nothing done; a queue that the test writes, and an sbatch that counts up. */
  async function begin(name: string): Promise<void> {
    const out = join(folder, name);
    state = join(out, '.ehmam');
    await mkdir(state, { recursive: true });
    const jobs = [job('a', 'features'), job('b', 'features'), job('c', 'head', ['a'])];
    graph = {
      ...{
        version: 2,
        suite: name,
        folder,
        out,
        seedFolders: false,
        cacheFolder: folder,
        engine: { name: 'onnx' },
      },
      ...{ training: {}, maxBadShare: 0, plugins: [], problems: [] },
      jobs: jobs.map((each) => ({
        ...each,
        title: `job ${each.key[0]}`,
        work: 1,
      })) as unknown as JobGraph['jobs'],
    };
    await writeFile(join(folder, 'queue'), '');
    await rm(join(folder, 'calls'), { force: true });
    await stub(
      bin(),
      'sbatch',
      `[ "$1" = --version ] && exit 0
echo "$@" >>${folder}/calls
id=$((100 + $(wc -l <${folder}/calls)))
seq 0 "$(sed -n 's/^#SBATCH --array=0-//p' "\${!#}")" | sed "s/.*/$id|&|PENDING|Resources/" >>${folder}/queue
echo "$id;cluster"`,
    );
    await stub(bin(), 'squeue', `cat ${folder}/queue`);
    await stub(bin(), 'scontrol', 'echo "MaxArraySize            = 1001"');
    await stub(bin(), 'sacct', 'exit 1');
    vi.stubEnv('PATH', `${bin()}:${process.env.PATH}`);
  }
  const said: string[] = [];
  const start = (detach: boolean, signal = new AbortController().signal) => {
    const ignore = (): void => undefined;
    const tell = (what: string) => (each: { readonly title: string }, text?: unknown) =>
      said.push(`${what} ${each.title} ${text ?? ''}`.trim());
    said.length = 0;
    const watcher = {
      started: ignore,
      progress: ignore,
      putBack: ignore,
      done: tell('done'),
      failed: tell('failed'),
      retried: tell('again'),
    };
    return runOnSlurm(state, graph, {
      detach,
      signal,
      watcher,
      say: (text) => said.push(text),
      program: ['ehmam'],
    });
  };
  const calls = async (): Promise<string[]> =>
    (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  const finish = (letter: string) =>
    markDone(
      state,
      graph.out,
      {
        key: key(letter),
        kind: 'head',
        title: '',
        finishedAt: '',
        seconds: 1,
        work: 1,
        pace: '',
        host: '',
        pid: 1,
      },
      [],
    );

  it('submits once: what is queued or done is left alone', async () => {
    await begin('once');
    expect(await start(true)).toMatchObject({ queued: 3, failed: [] });
    expect(await calls()).toEqual([
      `--parsable ${state}/slurm/1/features-0.sh`,
      `--parsable --dependency=afterany:101 ${state}/slurm/1/head-1.sh`,
    ]);
    expect((await readdir(join(state, 'slurm', '1'))).sort()).toEqual([
      'features-0.list',
      'features-0.sh',
      'head-1.list',
      'head-1.sh',
    ]);
    expect(await start(true)).toMatchObject({ queued: 3 });
    expect(await calls()).toHaveLength(2);
    expect((await arrayStatuses(state))?.map(statusLine)).toEqual([
      'features-0 (Slurm job 101): 2 pending (Resources)',
      'head-1 (Slurm job 102): 1 pending (Resources)',
    ]);
    // One is done, the head was cancelled: it alone is submitted again, after what is still queued.
    await finish('b');
    await writeFile(
      join(folder, 'queue'),
      '101|0|RUNNING|None\n101|1|COMPLETED|None\n102|0|CANCELLED|None\n',
    );
    expect(await start(true)).toMatchObject({ queued: 2 });
    expect((await calls()).slice(2)).toEqual([
      `--parsable --dependency=afterany:101 ${state}/slurm/2/head-0.sh`,
    ]);
  });

  it("submits once where the site's sbatch prints a banner around the id, and says where there is no id", async () => {
    await begin('banner');
    const counted = await readFile(join(bin(), 'sbatch'), 'utf8');
    const body = counted
      .split('\n')
      .slice(1)
      .join('\n')
      .replace(
        'echo "$id;cluster"',
        'echo "--> Submitting to example6 (3 nodes)"; echo; echo "$id;example6"; echo "sbatch: bye"',
      );
    await stub(bin(), 'sbatch', body);
    expect(await start(true)).toMatchObject({ queued: 3, failed: [] });
    expect(await start(true)).toMatchObject({ queued: 3 });
    expect(await calls()).toHaveLength(2);
    await begin('no-id');
    await stub(bin(), 'sbatch', 'echo "thank you"');
    await expect(start(true)).rejects.toThrow(
      /features-0\.sh: sbatch printed no job id: thank you\. The job array may be in the queue/,
    );
  });

  it('waits until jobs are done; one that failed blocks those that need it', async () => {
    await begin('waits');
    const over = start(false);
    await vi.waitFor(async () => expect(await readSubmissions(state)).toHaveLength(2), 5000);
    await markFailed(state, {
      key: key('a'),
      title: 'job a',
      message: 'no disk',
      log: '',
      failedAt: 'now',
      host: 'n1',
    });
    await finish('b');
    await writeFile(
      join(folder, 'queue'),
      '101|0|FAILED|NonZeroExitCode\n101|1|COMPLETED|None\n102|0|FAILED|NonZeroExitCode\n',
    );
    const { done, failed, blocked, interrupted } = await over;
    expect([done, interrupted]).toEqual([1, false]);
    expect(failed.map(({ job: { title }, message }) => `${title}: ${message}`)).toEqual(['job a: no disk']);
    expect(blocked.map(({ title }) => title)).toEqual(['job c']);
    expect(await calls()).toHaveLength(2);
  });

  it('submits again what left the queue unfinished, but not what ran out of time', async () => {
    await begin('lost');
    const over = start(false);
    await vi.waitFor(async () => expect(await readSubmissions(state)).toHaveLength(2), 5000);
    await writeFile(
      join(folder, 'queue'),
      '101|0|NODE_FAIL|None\n101|1|TIMEOUT|TimeLimit\n102|0|FAILED|NonZeroExitCode\n',
    );
    await vi.waitFor(async () => expect(await readSubmissions(state)).toHaveLength(4), 15_000);
    expect((await calls()).slice(2)).toEqual([
      `--parsable ${state}/slurm/2/features-0.sh`,
      `--parsable --dependency=afterany:103 ${state}/slurm/2/head-1.sh`,
    ]);
    expect(await readFile(join(state, 'slurm', '2', 'features-0.list'), 'utf8')).toBe(`${key('a')}\n`);
    for (const letter of ['a', 'c']) await finish(letter);
    const { done, failed } = await over;
    expect(done).toBe(2);
    expect(failed.map(({ message }) => message)).toEqual([
      'Slurm ended the job (state TIMEOUT). Increase resources.features.time in the suite',
    ]);
    expect(said.filter((line) => line.startsWith('again'))).toEqual([
      'again job a it disappeared from the queue before it finished',
      'again job c it disappeared from the queue before it finished',
    ]);
  });

  it('beside another watches what that one submits', async () => {
    await begin('beside');
    const stop = new AbortController();
    const overs = [start(false, stop.signal), start(false, stop.signal)];
    await vi.waitFor(async () => expect(await readSubmissions(state)).toHaveLength(2), 5000);
    for (const letter of ['a', 'b', 'c']) await finish(letter);
    await writeFile(join(folder, 'queue'), '');
    expect((await Promise.all(overs)).map(({ done }) => done)).toEqual([3, 3]);
    expect(await calls()).toHaveLength(2);
  });

  it('interrupted, leaves the jobs in the queue and says so', async () => {
    await begin('interrupted');
    const stop = new AbortController();
    const over = start(false, stop.signal);
    await vi.waitFor(async () => expect(await readSubmissions(state)).toHaveLength(2), 5000);
    stop.abort();
    expect(await over).toMatchObject({ done: 0, interrupted: true });
    expect(said.at(-1)).toContain('the jobs stay in Slurm');
  });

  it("ends with Slurm's reason where it refuses, and says where there is no Slurm", async () => {
    await begin('refused');
    await stub(
      bin(),
      'sbatch',
      `[ "$1" = --version ] && exit 0
echo "sbatch: error: invalid partition specified: nowhere" >&2
echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2
exit 1`,
    );
    await expect(start(true)).rejects.toThrow(
      `${state}/slurm/1/features-0.sh: Slurm rejected the job array: Invalid partition name specified`,
    );
    vi.stubEnv('PATH', join(folder, 'empty'));
    await expect(start(true)).rejects.toThrow("command 'sbatch' not found. Run this on a login node");
    expect(await arrayStatuses(state)).toEqual([]);
    expect(await runsInSlurm('7')).toBeUndefined();
  });

  it('knows which jobs run', async () => {
    await begin('runs');
    await stub(
      bin(),
      'squeue',
      `case "$*" in *=7\\ *) echo RUNNING ;; *=8\\ *) echo PENDING ;; *=9\\ *) exit 1 ;; *) echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1 ;; esac`,
    );
    expect(await Promise.all(['7', '8', '9', '10'].map(runsInSlurm))).toEqual([
      true,
      false,
      undefined,
      false,
    ]);
  });
});
