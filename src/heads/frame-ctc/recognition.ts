/** @file Transcripts of a split by a CTC head: greedy, or with a language model. */

import type { Columns, CtcHead, Split } from '../../api/task.js';
import { floatsOf, type HostParameters } from '../../base/host-tensor.js';
import type { Program } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import type { HeadWork } from '../head.js';
import { type FrameBatch, frameBatch } from './batches.js';
import type { TextDecoder } from './lm-decoding.js';
import { type CtcBatch, type CtcModel, collapsePath, ctcBestPath, ctcEmissions } from './model.js';

type BatchInputs = { readonly parameters: Parameters; readonly batch: CtcBatch };
type PathOutputs = { readonly path: tf.Tensor };
type EmissionOutputs = { readonly emissions: tf.Tensor };

export interface Recognition {
  readonly work: HeadWork;
  readonly head: CtcHead;
  readonly model: CtcModel;
  readonly bestPath: Program<BatchInputs, PathOutputs>;
}

export function bestPathProgram(work: HeadWork, model: CtcModel): Recognition['bestPath'] {
  return work.engine.compile<BatchInputs, PathOutputs>(
    ({ parameters, batch }) => ({ path: ctcBestPath(parameters, model, batch) }),
    { name: `best path of the ${work.title}` },
  );
}

/**
 * Transcripts of a split, in its order.
 * @param decoder of emissions; where it finds no text, the greedy one stays
 */
export async function recognise(
  { work, head, model, bestPath }: Recognition,
  parameters: HostParameters,
  split: Split,
  decoder?: TextDecoder,
): Promise<Columns[]> {
  const emissionsOf = work.engine.compile<BatchInputs, EmissionOutputs>(
    ({ parameters: values, batch }) => ({ emissions: ctcEmissions(values, model, batch) }),
    { name: `emissions of the ${work.title}` },
  );
  const predictions: Columns[] = [];
  try {
    for await (const { batch, utterances } of splitBatches(work, model, split)) {
      const { path } = await bestPath.run({ parameters, batch });
      const emissions = decoder && floatsOf((await emissionsOf.run({ parameters, batch })).emissions);
      const width = path.shape[1] as number;
      for (const [row, utterance] of utterances.entries()) {
        const [start, steps] = [row * width, batch.steps.data[row] as number];
        const own = path.data.subarray(start, start + steps);
        const greedy = head.decode(collapsePath(own, model.blank));
        const decoded = emissions?.subarray(start * model.tokens, (start + steps) * model.tokens);
        predictions[utterance] = { [head.column]: (decoded && decoder?.(decoded)) ?? greedy };
      }
    }
  } finally {
    await emissionsOf.dispose();
  }
  return predictions;
}

/** A split's utterances by length, and where they stand in it. */
async function* splitBatches(
  { places, features }: HeadWork,
  { settings: { batchSize }, join }: CtcModel,
  split: Split,
): AsyncGenerator<{ readonly batch: FrameBatch; readonly utterances: readonly number[] }> {
  const byLength = places[split]
    .map((place, i) => ({ place, i, frames: features.rows[place] as number }))
    .sort((a, b) => a.frames - b.frames || a.i - b.i);
  for (let start = 0; start < byLength.length; start += batchSize) {
    const part = byLength.slice(start, start + batchSize);
    const own = part.map(({ place }) => place);
    yield { batch: await frameBatch(features, own, batchSize, join), utterances: part.map(({ i }) => i) };
  }
}
