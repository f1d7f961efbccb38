/** @file What `bench/extract --onnx` measures: an ONNX file as an encoder, and in a session of the bare runtime. */
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import ort from 'onnxruntime-node';
import { UserError } from '../src/base/errors.js';
import { float32, floatsOf } from '../src/base/host-tensor.js';
import { loadEncoder } from '../src/encoders/load.js';
import { createEngine } from '../src/engine/create.js';
import { extractHiddenStates } from '../src/features/extract.js';
import { median } from './statistics.js';

interface Row {
  readonly audioSeconds: number;
  readonly seconds: number;
  readonly bareSeconds: number;
  /** The bare runtime's seconds over ours: 1 is as fast, less is slower. */
  readonly ratio: number;
  /** Largest difference of the first hidden state. */
  readonly difference: number;
}

/**
 * Both take turns on the same waveforms; the first round is not counted.
 * @param file one that needs no description: [1, samples] in, [1, frames, dim] out
 */
export async function measureOnnxFile(
  file: string,
  utterances: readonly { readonly seconds: number; readonly samples: Float32Array }[],
  { threads, rounds }: { readonly threads: number; readonly rounds: number },
): Promise<Row[]> {
  const encoder = await loadEncoder(file);
  if (encoder.graph === undefined)
    throw new UserError(`'${file}' is no ONNX file`, {
      hint: "'ehmam export SPEC --format onnx' writes one",
    });
  const extract = extractHiddenStates(await createEngine('onnx', { threads }), encoder);
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]];
  const rows: Row[] = [];
  for (const { seconds, samples } of utterances) {
    const times: { ours: number; bare: number }[] = [];
    let difference = 0;
    for (let round = 0; round <= rounds; round++) {
      const [ours, state] = await timed(async () => floatsOf((await extract(samples))[0] ?? float32([0])));
      const [bare, value] = await timed(async () => {
        const results = await session.run({
          [input]: new ort.Tensor('float32', samples, [1, samples.length]),
        });
        return results[output]?.data as Float32Array;
      });
      if (round > 0) times.push({ ours, bare });
      difference = state.reduce((most, x, i) => Math.max(most, Math.abs(x - (value[i] ?? Number.NaN))), 0);
    }
    const [ours, bare] = [median(times.map((each) => each.ours)), median(times.map((each) => each.bare))];
    // Of turns, so that a busy spell of the machine meets both.
    const ratio = median(times.map((each) => each.bare / each.ours));
    rows.push({ audioSeconds: seconds, seconds: ours, bareSeconds: bare, ratio, difference });
  }
  await extract.dispose();
  await session.release();
  return rows;
}

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  await sleep(100); // idle threads of the one before stop spinning
  const started = performance.now();
  const result = await work();
  return [(performance.now() - started) / 1000, result];
}

export function printOnnxFile(rows: readonly Row[]): void {
  const head = ['audio', 'as an encoder, s', 'bare runtime, s', 'speed to the bare runtime', 'differs'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { audioSeconds, seconds, bareSeconds, ratio, difference } of rows)
    table.push([
      `${audioSeconds} s`,
      seconds.toFixed(4),
      bareSeconds.toFixed(4),
      ratio.toFixed(3),
      difference.toExponential(1),
    ]);
  console.log(table.toString());
}
