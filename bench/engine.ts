/** @file Benchmark: one transformer training step compiled, eager in WebAssembly, and in PyTorch, side by side. */

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import ort from 'onnxruntime-node';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { floatsOf, type HostTensor } from '../src/base/host-tensor.js';
import { createEngine } from '../src/engine/create.js';
import type { EngineName } from '../src/engine/engine.js';
import { lowerToOnnx } from '../src/engine/lower.js';
import type { Tree } from '../src/engine/tree.js';
import { type Competitor, startPyTorch } from './competitor.js';
import { type StepSizes, stepFlops, stepInputs, trainingStep } from './engine-model.js';
import { median } from './statistics.js';

interface StepResult {
  readonly seconds: number;
  readonly loss: number;
}

interface CompileSeconds {
  readonly traceSeconds: number;
  readonly sessionSeconds: number;
}

interface Entrant {
  readonly name: string;
  /** Steps a round: the slow one makes fewer. */
  readonly steps: number;
  readonly compile?: CompileSeconds;
  step(): Promise<StepResult>;
  gradients(): Promise<Float32Array>;
  close(): Promise<void>;
}

interface Row {
  readonly name: string;
  readonly medianSeconds: number;
  readonly seconds: readonly number[];
  readonly gflopsPerSecond: number;
  /** How many times as long as the compiled step. */
  readonly timesCompiled: number;
  readonly fastestSeconds: number;
  readonly compile: CompileSeconds | undefined;
  readonly loss: number;
  /** Against the compiled step: relative for the loss; for gradients the largest difference over the largest value. */
  readonly lossDifference: number;
  readonly gradientDifference: number;
}

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:engine')
  .usage('$0: one transformer training step compiled, eager, and in PyTorch ($EHMAM_PYTHON, default python3)')
  .options({
    width: { type: 'number', default: 256 },
    layers: { type: 'number', default: 4 },
    batch: { type: 'number', default: 8 },
    frames: { type: 'number', default: 200 },
    heads: { type: 'number', default: 4 },
    threads: { type: 'number', default: availableParallelism(), describe: 'for ONNX Runtime and PyTorch' },
    rounds: { type: 'number', default: 3, describe: 'times that the competitors take turns' },
    steps: { type: 'number', default: 5, describe: 'steps a turn (eager: one)' },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

const sizes: StepSizes = options;
const competitors = await enter(sizes, options.threads, options.steps);
const rows = await measure(competitors, options.rounds);
for (const competitor of competitors) await competitor.close();
if (options.json) {
  const { width, layers, batch, frames, heads, threads } = options;
  console.log(JSON.stringify({ sizes: { width, layers, batch, frames, heads }, threads, rows }, null, 1));
} else {
  print(rows);
}

async function enter(sizes: StepSizes, threads: number, steps: number): Promise<Entrant[]> {
  const inputs = stepInputs(sizes);
  const pytorch = await startPyTorch('engine_step.py', { description: { sizes }, tensors: inputs, threads });
  if (pytorch === undefined) console.error('PyTorch left out: set EHMAM_PYTHON to a Python that has torch');
  return [
    {
      ...(await ours('onnx', 'compiled (ONNX Runtime)', steps)),
      compile: await compileSeconds(sizes, inputs, threads),
    },
    await ours('wasm', 'eager WebAssembly', 1),
    ...(pytorch === undefined ? [] : [inPyTorch(pytorch, steps)]),
  ];

  async function ours(engine: EngineName, name: string, steps: number): Promise<Entrant> {
    const program = (await createEngine(engine, { threads })).compile(trainingStep(sizes), {
      name: 'step',
      keeps: ['gradients'],
    });
    let last: Awaited<ReturnType<typeof program.run>> | undefined;
    return {
      name,
      steps,
      step: async () => {
        const started = performance.now();
        // What is released takes the next gradients.
        await last?.gradients.release();
        last = await program.run(inputs);
        return { seconds: (performance.now() - started) / 1000, loss: floatsOf(last.loss)[0] ?? Number.NaN };
      },
      gradients: async () => {
        if (last === undefined) throw new Error('no step was made');
        const gradients = await last.gradients.read();
        return joined(Object.keys(inputs.parameters).map((key) => floatsOf(gradients[key] as HostTensor)));
      },
      close: () => program.dispose(),
    };
  }
}

function inPyTorch({ hello, folder, ask, close }: Competitor, steps: number): Entrant {
  return {
    name: `PyTorch ${hello.version}`,
    steps,
    step: async () => {
      const { seconds, loss } = await ask('step');
      return { seconds: Number(seconds), loss: Number(loss) };
    },
    gradients: async () => {
      await ask('gradients');
      const bytes = await readFile(join(folder, 'gradients.bin'));
      return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    },
    close,
  };
}

/** What the compiling engine does once for these shapes, its two halves apart. */
async function compileSeconds(
  sizes: StepSizes,
  inputs: Tree<HostTensor>,
  threads: number,
): Promise<CompileSeconds> {
  const started = performance.now();
  const bytes = lowerToOnnx(trainingStep(sizes), inputs, { name: 'step' });
  const traced = performance.now();
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: threads });
  const ended = performance.now();
  await session.release();
  return { traceSeconds: (traced - started) / 1000, sessionSeconds: (ended - traced) / 1000 };
}

/** Competitors take turns, so that a busy spell of the machine meets all of them. */
async function measure(competitors: readonly Entrant[], rounds: number): Promise<Row[]> {
  const first: StepResult[] = [];
  const seconds = competitors.map((): number[] => []);
  for (const competitor of competitors) first.push(await competitor.step());
  for (let round = 0; round < rounds; round++) {
    for (const [i, competitor] of competitors.entries()) {
      await sleep(200); // idle threads of the one before stop spinning
      for (let n = 0; n < competitor.steps; n++) seconds[i]?.push((await competitor.step()).seconds);
    }
  }
  const gradients: Float32Array[] = [];
  for (const competitor of competitors) gradients.push(await competitor.gradients());
  const compiled = {
    seconds: median(seconds[0] ?? []),
    loss: first[0]?.loss ?? Number.NaN,
    gradients: gradients[0],
  };
  return competitors.map(({ name, compile }, i) => {
    const medianSeconds = median(seconds[i] ?? []);
    const loss = first[i]?.loss ?? Number.NaN;
    return {
      name,
      medianSeconds,
      seconds: seconds[i] ?? [],
      gflopsPerSecond: stepFlops(sizes) / medianSeconds / 1e9,
      timesCompiled: medianSeconds / compiled.seconds,
      fastestSeconds: Math.min(...(seconds[i] ?? [])),
      compile,
      loss,
      lossDifference: Math.abs(loss / compiled.loss - 1),
      gradientDifference: difference(
        gradients[i] ?? new Float32Array(),
        compiled.gradients ?? new Float32Array(),
      ),
    };
  });
}

function print(rows: readonly Row[]): void {
  const head = [
    '',
    's a step',
    'fastest',
    'x compiled',
    'GFLOP/s',
    'trace + session, s',
    'loss',
    'loss differs',
    'gradients differ',
  ];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) {
    table.push([
      row.name,
      row.medianSeconds.toFixed(3),
      row.fastestSeconds.toFixed(3),
      row.timesCompiled.toFixed(2),
      row.gflopsPerSecond.toFixed(1),
      row.compile === undefined
        ? ''
        : `${row.compile.traceSeconds.toFixed(2)} + ${row.compile.sessionSeconds.toFixed(2)}`,
      row.loss.toFixed(6),
      row.lossDifference.toExponential(1),
      row.gradientDifference.toExponential(1),
    ]);
  }
  console.log(table.toString());
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [most, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
    largest = Math.max(largest, Math.abs(b[i] ?? 0));
  }
  return most / largest;
}
