/** @file What clips of one length take when their means are computed one by one, and together. */
import Table from 'cli-table3';
import { floatsOf } from '../src/base/host-tensor.js';
import { loadEncoder } from '../src/encoders/load.js';
import { createEngine } from '../src/engine/create.js';
import { batchSize, sharingOn } from '../src/features/equal-lengths.js';
import { extractPooled } from '../src/features/extract.js';
import { median } from './statistics.js';

export interface ClipRow {
  readonly clipSeconds: number;
  readonly together: number;
  /** Milliseconds a clip, the median over rounds. */
  readonly aloneMilliseconds: number;
  readonly togetherMilliseconds: number;
  /** Largest difference of a mean over the largest mean. */
  readonly difference: number;
}

/** Both ways take turns on the clips of a batch; the first round is not counted. */
export async function measureClips(
  spec: string,
  clips: readonly { readonly seconds: number; readonly samples: Float32Array }[],
  { threads, rounds }: { readonly threads: number; readonly rounds: number },
): Promise<ClipRow[]> {
  const engine = await createEngine('onnx', { threads });
  const extract = extractPooled(engine, await loadEncoder(spec));
  const rows: ClipRow[] = [];
  for (const { seconds, samples } of clips) {
    const size = batchSize(samples.length, sharingOn(engine));
    // Clips that differ: louder and louder.
    const batch = Array.from({ length: size }, (_, i) => samples.map((x) => x * (0.5 + i / size)));
    const times = { alone: [] as number[], together: [] as number[] };
    let difference = 0;
    for (let round = 0; round <= rounds; round++) {
      let started = performance.now();
      const alone: Awaited<ReturnType<typeof extract>>[] = [];
      for (const clip of batch) alone.push(await extract(clip));
      if (round > 0) times.alone.push((performance.now() - started) / size);
      started = performance.now();
      const together = await extract.together(batch);
      if (round > 0) times.together.push((performance.now() - started) / size);
      const [a, b] = [alone, together].map((all) => all.flatMap(({ means }) => Array.from(floatsOf(means))));
      const largest = (a as number[]).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      difference = (a as number[]).reduce(
        (most, x, i) => Math.max(most, Math.abs(x - (b?.[i] as number)) / largest),
        0,
      );
    }
    rows.push({
      ...{ clipSeconds: seconds, together: size, difference },
      aloneMilliseconds: median(times.alone),
      togetherMilliseconds: median(times.together),
    });
  }
  await extract.dispose();
  return rows;
}

export function printClips(rows: readonly ClipRow[]): void {
  const head = ['clip', 'alone, ms', 'together', 'ms a clip', '', 'differs'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { clipSeconds, together, aloneMilliseconds, togetherMilliseconds, difference } of rows)
    table.push([
      `${clipSeconds} s`,
      aloneMilliseconds.toFixed(1),
      together,
      togetherMilliseconds.toFixed(1),
      `${(aloneMilliseconds / togetherMilliseconds).toFixed(2)} x as fast`,
      difference.toExponential(1),
    ]);
  console.log(table.toString());
}
