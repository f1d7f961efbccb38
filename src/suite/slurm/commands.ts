/** @file Slurm's own commands: submit, look into the queue, ask for its limits. */
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import { UserError } from '../../base/errors.js';

interface Output {
  /** Undefined where the command is not there. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, words: readonly string[]): Promise<Output> {
  return new Promise((resolve) => {
    // `LC_ALL`: the states are parsed.
    const env = { ...process.env, LC_ALL: 'C' };
    execFile(command, [...words], { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const missing = (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code: missing ? undefined : code, stdout, stderr });
    });
  });
}

/** @throws UserError where Slurm's commands are not there, or its controller does not answer */
export async function checkSlurm(): Promise<void> {
  const { code, stderr } = await run('sbatch', ['--version']);
  if (code === undefined) {
    throw new UserError("command 'sbatch' not found", {
      hint: 'Run this on a login node of the cluster, or use --launcher local',
    });
  }
  if (code !== 0) throw new UserError(`sbatch failed: ${lastLine(stderr)}`, { exitCode: 1 });
}

/**
 * Submits a script.
 * @param after ids of the jobs that must have ended
 * @returns the array's job id
 * @throws UserError with Slurm's reason when it refuses
 */
export async function submit(script: string, after: readonly string[]): Promise<string> {
  const words = [
    '--parsable',
    ...(after.length === 0 ? [] : [`--dependency=afterany:${after.join(':')}`]),
    script,
  ];
  const { code, stdout, stderr } = await run('sbatch', words);
  const id = parseSubmission(stdout);
  if (code === 0 && id !== undefined) return id;
  if (code === 0) {
    throw new UserError(`sbatch printed no job id: ${firstLine(stdout)}`, {
      exitCode: 1,
      file: script,
      hint: "The job array may be in the queue: check with 'squeue --me', and cancel it with scancel before the next run",
    });
  }
  throw new UserError(`Slurm rejected the job array: ${lastLine(stderr) || `exit code ${code}`}`, {
    file: script,
    hint: "Check the suite's resources against the cluster (sinfo shows partitions and limits), and run again",
  });
}

/**
 * The job id among what sbatch and a site's wrapper around it print: `ID` or `ID;CLUSTER` in a line of its own (banners
 * stand before it, remarks behind), else in the sentence that sbatch says without --parsable.
 */
export function parseSubmission(text: string): string | undefined {
  const lines = plainLines(text);
  const parsable = lines.findLast((line) => /^\d+(;[\w.-]+)?$/.test(line));
  if (parsable !== undefined) return parsable.split(';')[0];
  return /\bSubmitted batch job (\d+)/.exec(lines.join('\n'))?.[1];
}

/** Lines without the blanks at their ends, the ends of Windows' lines and the colours that wrappers like. */
function plainLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trim());
}

/** What Slurm knows of an element of an array. */
export interface QueueEntry {
  readonly array: string;
  readonly index: number;
  /** `PENDING`, `RUNNING`, `NODE_FAIL`, ... */
  readonly state: string;
  /** Why it waits, or why it ended. */
  readonly reason: string;
}

/**
 * Every element of this user's arrays that the controller still remembers: it forgets ended ones after some minutes.
 * @returns undefined where the queue cannot be read
 */
export async function readQueue(): Promise<QueueEntry[] | undefined> {
  const words = ['--noheader', '--array', '--states=all', `--user=${userInfo().username}`];
  const { code, stdout } = await run('squeue', [...words, '--format=%F|%K|%T|%r']);
  return code === 0 ? parseQueue(stdout) : undefined;
}

export function parseQueue(text: string): QueueEntry[] {
  return plainLines(text).flatMap((line) => {
    const [, array, index, state, reason] = /^(\d+)\|(\d+)\|([A-Z_]+)\|(.*)$/.exec(line) ?? [];
    if (array === undefined || state === undefined) return [];
    return [{ array, index: Number(index), state, reason: reason ?? '' }];
  });
}

/** How elements of these arrays ended, as the accounting has it; nothing where there is none. */
export async function readAccounting(arrays: readonly string[]): Promise<QueueEntry[]> {
  if (arrays.length === 0) return [];
  const words = ['--noheader', '--parsable2', '--allocations', '--array', '--format=JobID,State'];
  const { code, stdout } = await run('sacct', [...words, `--jobs=${arrays.join(',')}`]);
  return code === 0 ? parseAccounting(stdout) : [];
}

export function parseAccounting(text: string): QueueEntry[] {
  return plainLines(text).flatMap((line) => {
    // `CANCELLED by 1000` says who.
    const [, array, index, state] = /^(\d+)_(\d+)\|([A-Z_]+)/.exec(line) ?? [];
    if (array === undefined || state === undefined) return [];
    return [{ array, index: Number(index), state, reason: '' }];
  });
}

/** Elements that run, or are going to. */
export function isQueued({ state }: QueueEntry): boolean {
  return /^(PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED|REQUEUED|REQUEUE_HOLD|REQUEUE_FED|RESIZING|SIGNALING|STAGE_OUT|STOPPED)$/.test(
    state,
  );
}

/** The most elements of an array; Slurm's usual number where it does not say. */
export async function largestArray(): Promise<number> {
  const { stdout } = await run('scontrol', ['show', 'config']);
  return parseArrayLimit(stdout);
}

export function parseArrayLimit(text: string): number {
  return Math.max(1, Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(plainLines(text).join('\n'))?.[1] ?? 1001));
}

/** Whether a job runs; undefined where nobody knows. */
export async function runsInSlurm(job: string): Promise<boolean | undefined> {
  const { code, stdout, stderr } = await run('squeue', ['--noheader', `--jobs=${job}`, '--format=%T']);
  if (code === 0)
    return plainLines(stdout).some((line) => /^(RUNNING|COMPLETING|SUSPENDED|STOPPED|SIGNALING)$/.test(line));
  return /invalid job id/i.test(stderr) ? false : undefined;
}

const firstLine = (text: string): string => plainLines(text).find((line) => line !== '') ?? 'nothing';

/** The line of an error: sbatch's own where there is one, else the last. */
function lastLine(text: string): string {
  const lines = plainLines(text).filter((each) => each !== '');
  const line = lines.findLast((each) => /^(sbatch|slurm\w*): (error|fatal)/.test(each)) ?? lines.at(-1) ?? '';
  return line.replace(/^sbatch: (error: )?/, '').replace(/^Batch job submission failed: /, '');
}
