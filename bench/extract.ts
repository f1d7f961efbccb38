/** @file Benchmark: the 94 M parameter encoder on utterances of three lengths, beside the same model in PyTorch. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { normalizeWaveform } from '../src/audio/index.js';
import { float32, floatsOf } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import { type EhmamConfig, ehmamSchema } from '../src/encoders/families/ehmam-config.js';
import { loadEncoder } from '../src/encoders/load.js';
import { createEngine } from '../src/engine/create.js';
import { extractHiddenStates } from '../src/features/extract.js';
import { startPyTorch } from './competitor.js';
import { measureClips, printClips } from './extract-clips.js';
import { encoderFlops, matrixProduct, officialCfg } from './extract-model.js';
import { measureOnnxFile, printOnnxFile } from './onnx-file.js';
import { median } from './statistics.js';

const sampleRateHz = 16000;

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:extract')
  .usage(
    '$0: hidden states of the 94 M parameter encoder, here and in PyTorch ($EHMAM_PYTHON, default python3)',
  )
  .options({
    spec: {
      type: 'string',
      default: 'random:base',
      describe: 'encoder of the EH-MAM family with convolutions',
    },
    seconds: { type: 'string', default: '2,10,30', describe: 'lengths of the utterances' },
    threads: { type: 'number', default: availableParallelism(), describe: 'for ONNX Runtime and PyTorch' },
    rounds: { type: 'number', default: 5, describe: 'times that the competitors take turns' },
    onnx: {
      type: 'string',
      describe: 'an ONNX file instead: as an encoder, and in a session of the bare runtime',
    },
    clips: {
      type: 'boolean',
      default: false,
      describe: 'means of clips of these lengths instead: one by one, and together',
    },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .example('$0 --clips --seconds 1,2,4', 'short clips, as those of keyword spotting')
  .example('$0 --onnx tiny.onnx --seconds 10', 'of `ehmam export random:tiny --format onnx --out tiny.onnx`')
  .strict()
  .parse();

interface Utterance {
  readonly name: string;
  readonly seconds: number;
  readonly samples: Float32Array;
}

/** A way to encode an utterance: the seconds it took, and the last hidden state. */
interface Contestant {
  readonly name: string;
  encode(utterance: Utterance): Promise<{ readonly seconds: number; readonly last: Float32Array }>;
}

interface Row {
  readonly audioSeconds: number;
  readonly name: string;
  readonly seconds: readonly number[];
  readonly medianSeconds: number;
  readonly audioSecondsPerSecond: number;
  /** Multiplications over those of the machine's best matrix product in the same run. */
  readonly shareOfProduct: number;
  /** Largest difference of the last hidden state from the compiled one. */
  readonly difference: number;
}

const utterances = options.seconds.split(',').map(Number).map(speechLike);
if (options.onnx !== undefined) {
  const rows = await measureOnnxFile(options.onnx, utterances, options);
  if (options.json)
    console.log(JSON.stringify({ file: options.onnx, threads: options.threads, rows }, null, 1));
  else printOnnxFile(rows);
  process.exit();
}
if (options.clips) {
  const rows = await measureClips(options.spec, utterances, options);
  if (options.json)
    console.log(JSON.stringify({ spec: options.spec, threads: options.threads, rows }, null, 1));
  else printClips(rows);
  process.exit();
}
const encoder = await loadEncoder(options.spec);
const config: EhmamConfig = ehmamSchema.parse(encoder.config);
await report();

async function report(): Promise<void> {
  const engine = await createEngine('onnx', { threads: options.threads });
  const extract = extractHiddenStates(engine, encoder);
  const product = matrixProduct(engine);
  const ours: Contestant = {
    name: 'compiled (ONNX Runtime)',
    encode: async ({ samples }) => {
      const started = performance.now();
      const states = await extract(samples);
      const seconds = (performance.now() - started) / 1000;
      return {
        seconds,
        last: floatsOf(states.at(-1) ?? { dtype: 'float32', shape: [0], data: new Float32Array() }),
      };
    },
  };
  const python = await pytorch();
  const { rows, productRate } = await measure([ours, ...python.contestants], product);
  await python.close();
  await extract.dispose();
  await product.dispose();
  const { threads, rounds } = options;
  if (options.json)
    console.log(JSON.stringify({ spec: options.spec, threads, rounds, productRate, rows }, null, 1));
  else print(rows, productRate);
}

/** PyTorch with its attention written out, and with its fused one where it has that. */
async function pytorch(): Promise<{ readonly contestants: Contestant[]; close(): Promise<void> }> {
  const waveforms = utterances.map(({ name, samples }) => {
    const scaled = encoder.normalizesWaveform ? normalizeWaveform(samples, encoder.waveformEpsilon) : samples;
    return [name, float32([1, scaled.length], scaled)] as const;
  });
  const process = await startPyTorch('extract_model.py', {
    description: { cfg: officialCfg(config) },
    tensors: { parameters: encoder.parameters, utterances: Object.fromEntries(waveforms) },
    threads: options.threads,
  });
  if (process === undefined) {
    console.error('PyTorch left out: set EHMAM_PYTHON to a Python that has torch');
    return { contestants: [], close: async () => undefined };
  }
  const { version, attentions } = process.hello as { version: string; attentions: string[] };
  const contestants = attentions.map(
    (attention): Contestant => ({
      name: `PyTorch ${version}, attention ${attention}`,
      encode: async ({ name }) => {
        const { seconds } = await process.ask(`${name} ${attention}`);
        const bytes = await readFile(join(process.folder, `${name}.out`));
        return { seconds: Number(seconds), last: new Float32Array(Uint8Array.from(bytes).buffer) };
      },
    }),
  );
  return { contestants, close: process.close };
}

/** Competitors take turns, so that a busy spell of the machine meets all of them; the first round is not counted. */
async function measure(competitors: readonly Contestant[], product: () => Promise<number>) {
  const times = new Map<string, number[]>();
  const lasts = new Map<string, Float32Array>();
  const key = (utterance: Utterance, { name }: Contestant): string => `${utterance.name} ${name}`;
  const rates: number[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    for (const utterance of utterances) {
      for (const competitor of competitors) {
        await sleep(200); // idle threads of the one before stop spinning
        const { seconds, last } = await competitor.encode(utterance);
        lasts.set(key(utterance, competitor), last);
        if (round > 0)
          times.set(key(utterance, competitor), [...(times.get(key(utterance, competitor)) ?? []), seconds]);
      }
      await sleep(200);
      for (let i = 0; i < 3; i++) rates.push(await product());
    }
  }
  const productRate = median(rates.slice(3));
  const rows = utterances.flatMap((utterance) =>
    competitors.map((competitor): Row => {
      const seconds = times.get(key(utterance, competitor)) ?? [];
      const medianSeconds = median(seconds);
      const [compiled, last] = [competitors[0], competitor].map((each) =>
        lasts.get(key(utterance, each as Contestant)),
      );
      return {
        audioSeconds: utterance.seconds,
        name: competitor.name,
        seconds,
        medianSeconds,
        audioSecondsPerSecond: utterance.seconds / medianSeconds,
        shareOfProduct: encoderFlops(config, utterance.samples.length) / medianSeconds / productRate,
        difference: difference(compiled ?? new Float32Array(), last ?? new Float32Array()),
      };
    }),
  );
  return { rows, productRate };
}

function print(rows: readonly Row[], productRate: number): void {
  const head = ['audio', '', 's', 'audio s a second', 'compiled is', 'share of product', 'differs'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) {
    const compiled = rows.find(({ audioSeconds }) => audioSeconds === row.audioSeconds) ?? row;
    table.push([
      `${row.audioSeconds} s`,
      row.name,
      row.medianSeconds.toFixed(3),
      row.audioSecondsPerSecond.toFixed(1),
      row === compiled ? '' : `${(row.medianSeconds / compiled.medianSeconds).toFixed(2)} x as fast`,
      row.shareOfProduct.toFixed(2),
      row.difference.toExponential(1),
    ]);
  }
  console.log(table.toString());
  console.log(`matrix product: ${(productRate / 1e9).toFixed(1)} GFLOP/s; threads: ${options.threads}`);
}

function speechLike(seconds: number): Utterance {
  if (!(seconds > 0)) throw new Error(`--seconds ${options.seconds}: write lengths as 2,10,30`);
  const random = randomStream(1, 'utterance', Math.round(seconds * 1000));
  const samples = Float32Array.from(
    { length: Math.round(seconds * sampleRateHz) },
    (_, i) => 0.1 * Math.sin(i * (0.05 + 0.02 * Math.sin(i / 4000))) + 0.02 * random.normal(),
  );
  return { name: `utterance-${seconds}`, seconds, samples };
}

function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}
