/** @file Batches of crops for x-vector heads: an endless seeded stream of epochs. */
import type { HeadWork } from '../../api/head-kind.js';
import type { XVectorSpec } from '../../api/head-spec.js';
import { sampleRateHz } from '../../audio/index.js';
import { float32 } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import type { Given } from '../../engine/engine.js';
import { type FrameSpan, frameSpans } from '../frame-spans.js';
import { epochDrawer, utteranceGroups } from '../pooled-linear/batches.js';
import type { XVectorBatch } from './model.js';
import type { XVectorSettings } from './settings.js';

/** Gives the batch of a number, a matter of seed and number alone. */
export function xVectorBatches(
  work: HeadWork,
  { column, classes }: XVectorSpec,
  { batchSize, cropSeconds }: XVectorSettings,
): (batch: number, seed: number) => Promise<Given<XVectorBatch>> {
  const { features, places, references, hopSamples } = work;
  const indices = new Map(classes.map((name, i) => [name, i]));
  const labels = references.train.map((reference) => {
    const label = indices.get(reference[column] ?? '');
    if (label === undefined) throw new Error(`no class '${reference[column]}' in ${column}`);
    return label;
  });
  const most = Math.max(1, Math.round((cropSeconds * sampleRateHz) / hopSamples));
  const drawerOf = epochDrawer(utteranceGroups(work));
  const spanAt = (row: number, seed: number, drawn: number): FrameSpan => {
    const place = places.train[row] as number;
    const frames = features.rows[place] as number;
    if (frames <= most) return { place, first: 0, frames };
    const first = randomStream(seed, 'x-vector crop', drawn).integer(frames - most + 1);
    return { place, first, frames: most };
  };
  let drawer: { readonly seed: number; readonly rowAt: (drawn: number) => number } | undefined;
  return async (batch, seed) => {
    if (drawer?.seed !== seed) drawer = { seed, rowAt: drawerOf(seed) };
    const { rowAt } = drawer;
    const drawn = Array.from({ length: batchSize }, (_, i) => batch * batchSize + i);
    const rows = drawn.map(rowAt);
    const targets = new Float32Array(batchSize * classes.length);
    for (const [i, row] of rows.entries()) targets[i * classes.length + (labels[row] as number)] = 1;
    return {
      ...(await frameSpans(
        features,
        rows.map((row, i) => spanAt(row, seed, drawn[i] as number)),
      )),
      targets: float32([batchSize, classes.length], targets),
    };
  };
}
