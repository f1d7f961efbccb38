/** @file A competitor in a process of its own, which answers each line with a line of JSON. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HostTensor } from '../src/base/host-tensor.js';
import { flatten, isHostTensor, type Tree } from '../src/engine/tree.js';

export type Answer = Readonly<Record<string, unknown>>;

export interface Competitor {
  /** What it said of itself when it was ready. */
  readonly hello: Answer;
  /** The folder it was given, for what is too large for a line. */
  readonly folder: string;
  ask(line: string): Promise<Answer>;
  close(): Promise<void>;
}

export interface Question {
  /** Written to `step.json`: sizes, settings, threads. */
  readonly description: Readonly<Record<string, unknown>>;
  /** Written to `step.bin` and described in `step.json`: name, shape, type, offset in 4-byte values. */
  readonly tensors: Tree<HostTensor>;
  readonly threads: number;
}

/** Starts a program of `bench/pytorch`; undefined where `$EHMAM_PYTHON` (default python3) cannot import torch. */
export async function startPyTorch(script: string, question: Question): Promise<Competitor | undefined> {
  const python = process.env.EHMAM_PYTHON ?? 'python3';
  const importable = await promisify(execFile)(python, ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
  if (!importable) return undefined;
  // The benchmarks run from `dist/bench`.
  const file = fileURLToPath(new URL(`../../bench/pytorch/${script}`, import.meta.url));
  return startCompetitor([python, file], question);
}

/** Starts another program of this folder in a process of its own, so that its memory is its own. */
export function startNode(program: string, question: Question): Promise<Competitor> {
  return startCompetitor(
    [process.execPath, fileURLToPath(new URL(`./${program}`, import.meta.url))],
    question,
  );
}

async function startCompetitor(
  [command, file]: readonly [string, string],
  question: Question,
): Promise<Competitor> {
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-bench-'));
  await writeQuestion(folder, question);
  const threads = String(question.threads);
  const child = spawn(command, [file, folder], {
    env: { ...process.env, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads },
  });
  const answer = answersOf(child, command);
  return {
    hello: await answer(),
    folder,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    close: async () => {
      child.stdin.end();
      await rm(folder, { recursive: true });
    },
  };
}

async function writeQuestion(folder: string, { description, tensors, threads }: Question): Promise<void> {
  let offset = 0;
  const described: { name: string; shape: readonly number[]; dtype: string; offset: number }[] = [];
  const parts: Uint8Array[] = [];
  for (const [name, { data, shape, dtype }] of flatten(tensors, isHostTensor)) {
    if (data.BYTES_PER_ELEMENT !== 4)
      throw new Error(`${name} is ${dtype}: only 4-byte values are handed over`);
    described.push({ name, shape, dtype, offset });
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.length;
  }
  await writeFile(join(folder, 'step.json'), JSON.stringify({ ...description, threads, tensors: described }));
  await writeFile(join(folder, 'step.bin'), Buffer.concat(parts));
}

/** Answers are JSON lines, in the order of the questions. */
function answersOf(child: ChildProcessWithoutNullStreams, command: string): () => Promise<Answer> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`${command} ended: ${complaint.trim()}`);
    return JSON.parse(value) as Answer;
  };
}
