/** @file A suite whose runner and workers are killed at any moment ends with the results of one left alone. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import { randomStream } from '../src/random.js';
import { type LoggedEvent, readEvents } from '../src/suite/events.js';
import { readGraph, stateFolderOf } from '../src/suite/state.js';
import { resultsOf, titlesOf, writeTones } from '../src/suite/tones.fixture.js';

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
  await entry.remove();
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
    const random = randomStream(Date.now(), 'kills');
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
