/** @file Weights averaged over the last looks at dev: what updates do to and fro evens out, and with it the luck of a look. */
import { z } from 'zod';
import { float32, type HostParameters } from '../../base/host-tensor.js';
import { hostParametersSchema } from '../../training/checkpoint-file.js';

/** Of the runs in training: each tensor is [runs, ...]. */
export interface Average {
  readonly parameters: HostParameters;
  /** How many looks it is over. */
  readonly looks: number;
}

export const averageSchema = z.object({ parameters: hostParametersSchema, looks: z.int().positive() });

/** The running mean with these weights, over `most` looks at most: from then on older ones fade. */
export function averaged(before: Average | undefined, parameters: HostParameters, most: number): Average {
  if (before === undefined) return { parameters, looks: 1 };
  const looks = Math.min(before.looks + 1, most);
  const means = Object.entries(parameters).map(([name, { shape, data }]) => {
    const old = before.parameters[name]?.data ?? data;
    const mean = Float32Array.from(
      data,
      (value, i) => (old[i] as number) + (value - (old[i] as number)) / looks,
    );
    return [name, float32(shape, mean)];
  });
  return { parameters: Object.fromEntries(means), looks };
}
