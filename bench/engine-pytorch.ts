/** @file PyTorch as a competitor: the process that runs `engine_step.py`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flatten, floatsOf, type HostTensor, isHostTensor, type Tree } from '../src/engine/tree.js';
import type { StepSizes } from './engine-model.js';
import { startPython } from './python.js';

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
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-bench-'));
  await writeInputs(folder, sizes, inputs, threads);
  const python = await startPython('engine_step.py', [folder], threads);
  if (python === undefined) {
    await rm(folder, { recursive: true });
    return undefined;
  }
  const { ask, greeting } = python;
  return {
    version: String(greeting.version),
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
      python.close();
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
