/** @file PyTorch as a competitor: the process that runs `engine_step.py`. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { flatten, floatsOf, type HostTensor, isHostTensor, type Tree } from '../src/engine/tree.js';
import type { StepSizes } from './engine-model.js';

/** The Python program; the benchmark runs from `dist/bench`. */
const script = fileURLToPath(new URL('../../bench/engine_step.py', import.meta.url));

export interface PyTorchStep {
  readonly version: string;
  /** One step: seconds by Python's own clock, and the loss. */
  step(): Promise<{ readonly seconds: number; readonly loss: number }>;
  /** The last step's gradients, one parameter after the other. */
  gradients(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Starts the process, or gives undefined where Python cannot import torch. */
export async function startPyTorch(
  sizes: StepSizes,
  inputs: Tree<HostTensor>,
  threads: number,
): Promise<PyTorchStep | undefined> {
  const python = process.env.EHMAM_PYTHON ?? 'python3';
  const importable = await promisify(execFile)(python, ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
  if (!importable) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-bench-'));
  await writeInputs(folder, sizes, inputs, threads);
  const child = spawn(python, [script, folder], {
    env: { ...process.env, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) },
  });
  const answer = answersOf(child);
  const ask = async (line: string): Promise<Record<string, unknown>> => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  const { version } = await answer();
  return {
    version: String(version),
    step: async () => {
      const { seconds, loss } = await ask('step');
      return { seconds: Number(seconds), loss: Number(loss) };
    },
    gradients: async () => {
      await ask('gradients');
      const bytes = await readFile(join(folder, 'gradients.bin'));
      return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    },
    close: async () => {
      child.stdin.end();
      await rm(folder, { recursive: true });
    },
  };
}

async function writeInputs(folder: string, sizes: StepSizes, inputs: Tree<HostTensor>, threads: number) {
  let offset = 0;
  const tensors: { name: string; shape: readonly number[]; offset: number }[] = [];
  const parts: Uint8Array[] = [];
  for (const [name, tensor] of flatten(inputs, isHostTensor)) {
    const values = floatsOf(tensor);
    tensors.push({ name, shape: tensor.shape, offset });
    parts.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    offset += values.length;
  }
  await writeFile(join(folder, 'step.json'), JSON.stringify({ sizes, threads, tensors }));
  await writeFile(join(folder, 'step.bin'), Buffer.concat(parts));
}

/** Answers are JSON lines, in the order of the questions. */
function answersOf(child: ChildProcessWithoutNullStreams): () => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`Python ended: ${complaint.trim()}`);
    return JSON.parse(value) as Record<string, unknown>;
  };
}
