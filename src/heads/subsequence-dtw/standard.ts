/** @file Mean and deviation of every dimension of every hidden state, over all frames of some utterances. */
import { float32, type HostTensor } from '../../base/host-tensor.js';
import type { Features } from '../../features/reader.js';

/** Means and (unbiased) deviations, each [layers, dim]. */
export interface Standards {
  readonly mean: HostTensor;
  readonly deviation: HostTensor;
}

/**
 * @param places of the utterances among the features
 * @param report told how many of them are done
 */
export async function standardsOf(
  features: Features,
  places: readonly number[],
  report: (done: number) => void,
): Promise<Standards> {
  const { layers, dim } = features;
  const sums = new Float64Array(layers * dim);
  const squares = new Float64Array(layers * dim);
  let count = 0;
  for (const [done, place] of places.entries()) {
    const values = await features.load(place); // [layers, frames, dim]
    const frames = features.rows[place] ?? 0;
    for (let layer = 0; layer < layers; layer++) {
      const of = layer * dim;
      for (let frame = 0; frame < frames; frame++) {
        const at = (layer * frames + frame) * dim;
        for (let i = 0; i < dim; i++) {
          const value = values[at + i] as number;
          sums[of + i] = (sums[of + i] as number) + value;
          squares[of + i] = (squares[of + i] as number) + value * value;
        }
      }
    }
    count += frames;
    report(done + 1);
  }
  const variance = (i: number): number => {
    const sum = sums[i] as number;
    return Math.max(0, (squares[i] as number) - (sum * sum) / count) / Math.max(1, count - 1);
  };
  return {
    mean: float32(
      [layers, dim],
      Float32Array.from(sums, (sum) => sum / count),
    ),
    deviation: float32(
      [layers, dim],
      Float32Array.from(sums, (_, i) => Math.sqrt(variance(i))),
    ),
  };
}

/** Those of one hidden state, each [dim]. */
export function standardOfLayer({ mean, deviation }: Standards, layer: number): Standards {
  const dim = mean.shape[1] ?? 0;
  const row = ({ data }: HostTensor): HostTensor =>
    float32([dim], (data as Float32Array).slice(layer * dim, (layer + 1) * dim));
  return { mean: row(mean), deviation: row(deviation) };
}
