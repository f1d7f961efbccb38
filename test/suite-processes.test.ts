/** @file The processes of a suite's run: killed at any moment, out of memory, interrupted. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomMoments } from '../src/base/moments.fixture.js';
import { compileEntry, type Entry, type Finished } from '../src/cli/entry.fixture.js';
import { type LoggedEvent, readEvents } from '../src/suite/events.js';
import { readGraph, stateFolderOf } from '../src/suite/state.js';
import { resultsOf, titlesOf, tonesSuite, writeTones } from '../src/suite/tones.fixture.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

/** Of the runner, and of workers; `EHMAM_KILLS` asks for more of both. */
const kills = Number(process.env.EHMAM_KILLS ?? 1);

let entry: Entry;
let folder: string;
let suite: string;
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-suite-killed-'));
  suite = await writeTones(folder, undefined, 30 + 20 * kills);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const wordsFor = (out: string): string[] => [
  ...['run', '--suite', suite, '--out', join(folder, out), '--jobs', '2', '--quiet'],
];
const environmentFor = (out: string) => ({ EHMAM_CACHE: join(folder, `cache-${out}`) });
const stateFor = (out: string): string => stateFolderOf(join(folder, out));

/** The jobs that processes were doing last, as the log says. */
function running(events: readonly LoggedEvent[]): number[] {
  const pids = new Map<string, number>();
  for (const event of events) {
    if (event.event === 'started') pids.set(event.job, event.pid);
    else if ('job' in event && event.event !== 'progress') pids.delete(event.job);
  }
  return [...pids.values()];
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A killed process that nobody has waited for is no more alive.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe(`a suite that is killed ${2 * kills} times`, () => {
  it('ends with the results of one that was not, and does no job twice', async () => {
    const random = randomMoments('kills');
    const whole = await entry.run(wordsFor('whole'), environmentFor('whole'));
    expect(whole).toMatchObject({ code: 0, stderr: '' });

    const killed = { runner: 0, worker: 0 };
    let runner: { readonly child: ChildProcess; readonly end: Promise<unknown> } | undefined;
    const start = () => {
      const child = entry.start(wordsFor('killed'), environmentFor('killed'));
      return { child, end: new Promise((resolve) => child.on('close', resolve)) };
    };
    while (killed.runner + killed.worker < 2 * kills) {
      runner ??= start();
      const { child, end } = runner;
      const before = (await readEvents(stateFor('killed'))).length;
      const started = async (): Promise<boolean> => {
        const events = await readEvents(stateFor('killed'));
        return events.length > before && running(events).some(isAlive);
      };
      while (!(await started()) && child.exitCode === null) await sleep(10);
      // Somewhere in a job: its loading, its work, its last writes.
      await sleep(random.uniform() * 700);
      const workers = running(await readEvents(stateFor('killed'))).filter(isAlive);
      const worker = workers[random.integer(Math.max(1, workers.length))];
      // A suite that was over before its kills would show nothing.
      expect(child.exitCode).toBe(null);
      if (killed.worker < kills && worker !== undefined && killed.worker <= killed.runner) {
        process.kill(worker, 'SIGKILL');
        killed.worker++;
      } else if (killed.runner < kills) {
        child.kill('SIGKILL');
        await end;
        runner = undefined;
        killed.runner++;
      }
    }
    expect(killed).toEqual({ runner: kills, worker: kills });
    // What the last runner could not do, because its workers died too often, another one does.
    await runner?.end;
    expect(await entry.run(wordsFor('killed'), environmentFor('killed'))).toMatchObject({
      code: 0,
      stderr: '',
    });

    expect(await resultsOf(join(folder, 'killed'))).toEqual(await resultsOf(join(folder, 'whole')));
    const { jobs } = await readGraph(stateFor('killed'));
    expect(await readdir(join(stateFor('killed'), 'done'))).toHaveLength(jobs.length);
    const done = await titlesOf(join(folder, 'killed'), 'done');
    expect(new Set(done).size).toBe(done.length);
    expect(await readdir(join(stateFor('killed'), 'locks'))).toEqual([]);
  });
});

const [ks, sid] = tonesSuite.tasks;
const onlyKs = { ...tonesSuite, encoders: ['fbank'], tasks: [ks] };

async function run(
  out: string,
  suite: object,
  more: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const file = join(folder, `${out}.json`);
  await writeFile(file, JSON.stringify(suite));
  const words = ['run', '--suite', file, '--out', join(folder, out), '--jobs', '1', '--quiet', ...more];
  return entry.run(words, { ...environmentFor(out), ...environment });
}

describe('a suite', () => {
  it('is planned, watched, cleaned after and worked on by commands', async () => {
    const out = join(folder, 'commands');
    const environment = environmentFor('commands');
    const file = join(folder, 'commands.json');
    await writeFile(file, JSON.stringify(onlyKs));
    const plan = await entry.run(['plan', file, '--out', out, '--json'], environment);
    const { jobs, todo } = JSON.parse(plan.stdout) as {
      jobs: { key: string; title: string }[];
      todo: number;
    };
    expect({ code: plan.code, todo }).toEqual({ code: 0, todo: 2 });
    expect(existsSync(out)).toBe(false);
    expect(await run('commands', onlyKs, [])).toMatchObject({ code: 0, stderr: '' });
    const [watch, clean, work] = await Promise.all([
      entry.run(['watch', out], environment),
      entry.run(['clean', out, '--unused'], environment),
      entry.run(['work', stateFor('commands'), '--job', jobs[1]?.key as string, '--json'], environment),
    ]);
    expect(watch).toMatchObject({ code: 0, stdout: expect.stringMatching(/ended: 2 done, 0 failed/) });
    expect(clean).toMatchObject({ code: 0, stdout: '0 bytes in 0 files and folders unused\n' });
    expect(work).toMatchObject({ code: 0, stdout: '{"kind":"done","already":true}\n' });
  });

  it('of which a job runs out of memory does the rest, and that once it gets by', async () => {
    const hungry = join(folder, 'hungry');
    const plugin = join(folder, 'hungry.mjs');
    // A task that needs more and more memory as long as a file is there.
    await writeFile(
      plugin,
      `import { existsSync } from 'node:fs';
import { builtInTasks } from ${JSON.stringify(entry.compiled('tasks/index.js'))};
const [ks] = builtInTasks.filter(({ name }) => name === 'ks');
const evaluate = (rows) => {
  const kept = [];
  while (existsSync(${JSON.stringify(hungry)})) kept.push(Array.from({ length: 100_000 }, (_, i) => ({ i })));
  return ks.evaluate(rows);
};
export default { apiVersion: 1, tasks: [{ ...ks, name: 'hungry', evaluate }] };
`,
    );
    await writeFile(hungry, '');
    const suite = { ...onlyKs, tasks: [{ ...ks, name: 'hungry' }, sid] };
    const words = ['--plugin', plugin];
    const first = await run('memory', suite, words, { NODE_OPTIONS: '--max-old-space-size=160' });
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(
      /failed: hungry head on fbank: its process ran out of memory.*max-old-space-size/,
    );
    expect(first.stdout).toContain('sid');
    await rename(hungry, `${hungry}.gone`);
    expect(await run('memory', suite, words)).toMatchObject({ code: 0, stderr: '' });
    expect(await titlesOf(join(folder, 'memory'), 'done')).toEqual([
      ...['hungry features of fbank', 'hungry head on fbank', 'sid head on fbank'],
    ]);
  });

  it('of which a process loses its device goes on in another one', async () => {
    const broken = join(folder, 'broken');
    const plugin = join(folder, 'broken.mjs');
    // A task whose device fails once.
    await writeFile(
      plugin,
      `import { existsSync, rmSync } from 'node:fs';
import { DeviceLost } from ${JSON.stringify(entry.compiled('src/base/runtime-failures.js'))};
import { builtInTasks } from ${JSON.stringify(entry.compiled('tasks/index.js'))};
const [ks] = builtInTasks.filter(({ name }) => name === 'ks');
const evaluate = (rows) => {
  if (!existsSync(${JSON.stringify(broken)})) return ks.evaluate(rows);
  rmSync(${JSON.stringify(broken)});
  throw new DeviceLost('CUDA failure 719', 'Run it again');
};
export default { apiVersion: 1, tasks: [{ ...ks, name: 'broken', evaluate }] };
`,
    );
    await writeFile(broken, '');
    const suite = { ...onlyKs, tasks: [{ ...ks, name: 'broken' }, sid] };
    expect(await run('lost', suite, ['--plugin', plugin])).toMatchObject({ code: 0 });
    const events = await readEvents(stateFor('lost'));
    const retried = events.filter(({ event }) => event === 'retried');
    expect(retried).toEqual([
      expect.objectContaining({
        message: expect.stringContaining('the device stopped working (CUDA failure 719)'),
      }),
    ]);
    const pids = events.flatMap((each) =>
      each.event === 'started' && each.title === 'broken head on fbank' ? [each.pid] : [],
    );
    expect(new Set(pids).size).toBe(2);
    expect(existsSync(broken)).toBe(false);
  });

  it('that is interrupted ends with exit code 130, leaves no lock, and goes on from its checkpoint', async () => {
    const suite = {
      ...tonesSuite,
      encoders: [{ name: 'long', pretrain: { config: 'toy.json', manifest: 'tones.csv', steps: 400 } }],
      tasks: [ks],
    };
    const file = join(folder, 'long.json');
    await writeFile(file, JSON.stringify(suite));
    const out = join(folder, 'long');
    const log = join(out, 'encoders', 'long', 'log.jsonl');
    const words = ['run', '--suite', file, '--out', out];
    vi.stubEnv('EHMAM_CACHE', join(folder, 'cache-long'));
    const { code } = await entry.runAndInterrupt(words, () => existsSync(log));
    expect(code).toBe(130);
    const status = await entry.run(['status', out, '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ counts: { jobs: 3, done: 0, running: 0, failed: 0 } });
    expect(await titlesOf(out, 'interrupted')).toEqual(['pre-train long']);
    expect(existsSync(join(out, 'encoders', 'long', 'checkpoints'))).toBe(true);
  });
});
