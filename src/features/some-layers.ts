/** @file Features of some of an encoder's hidden states, as if there were no others. */
import { UserError } from '../base/errors.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Features } from './reader.js';

/** @param layers counted from 0, in this order (default: all) */
export function someLayers(features: Features, layers: readonly number[] | undefined): Features {
  if (layers === undefined) return features;
  const { dim, rows, bad } = features;
  const taken = (values: Float32Array, utterance: number): Float32Array => {
    const size = (rows[utterance] as number) * dim;
    const some = new Float32Array(layers.length * size);
    for (const [i, layer] of layers.entries())
      some.set(values.subarray(layer * size, (layer + 1) * size), i * size);
    return some;
  };
  return {
    layers: layers.length,
    dim,
    rows,
    bad,
    read: (utterance) => taken(features.read(utterance), utterance),
    load: async (utterance) => taken(await features.load(utterance), utterance),
    get costs() {
      return features.costs;
    },
    close: () => features.close(),
  };
}

/** @throws UserError for a hidden state that the encoder does not have */
export function checkLayers(
  layers: readonly number[] | undefined,
  { name, dims }: Pick<Encoder, 'name' | 'dims'>,
): void {
  const missing = layers?.find((layer) => layer >= dims.length);
  if (missing === undefined) return;
  const has = dims.length === 1 ? 'only 0' : `0 to ${dims.length - 1}`;
  throw new UserError(`invalid value for 'layers': ${name} has no hidden state ${missing} (it has ${has})`, {
    hint: 'Correct the setting, or use a separate suite for this encoder',
  });
}
