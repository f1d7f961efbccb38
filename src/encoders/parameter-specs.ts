/** @file Parameters of encoders as names, shapes and initial values; drawing the values is another step. */

import { float32, type HostParameters, type HostTensor, sizeOf } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';

/** How a parameter starts: a constant, or random numbers of a deviation or a bound. */
export type Start = { readonly fill: number } | { readonly deviation: number } | { readonly bound: number };

export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly start: Start;
}

export type Specs = Readonly<Record<string, ParameterSpec>>;

/** How many numbers the parameters are. */
export const parameterCount = (specs: Specs): number =>
  Object.values(specs).reduce((count, { shape }) => count + sizeOf(shape), 0);

/**
 * BERT's deviation for linear layers (fairseq's init_bert_params), 0.02, is for inputs of 768. A narrower layer starts
 * wider, so that it passes on as much variance: with 0.02, one of 144 passes on 6 %, and learning starts late.
 */
const bertDeviation = (width: number): number => 0.02 * Math.sqrt(768 / width);
export const zeros: Start = { fill: 0 };
export const ones: Start = { fill: 1 };

export const linearSpecs = (
  name: string,
  out: number,
  width: number,
  start: Start = { deviation: bertDeviation(width) },
) => ({
  [`${name}.weight`]: { shape: [out, width], start },
  [`${name}.bias`]: { shape: [out], start: 'bound' in start ? start : zeros },
});

export const normSpecs = (name: string, width: number) => ({
  [`${name}.weight`]: { shape: [width], start: ones },
  [`${name}.bias`]: { shape: [width], start: zeros },
});

/** Weights, and the statistics that training leaves. */
export const batchNormSpecs = (name: string, width: number) => ({
  ...normSpecs(name, width),
  [`${name}.running_mean`]: { shape: [width], start: zeros },
  [`${name}.running_var`]: { shape: [width], start: ones },
});

/** torch's default for convolutions: uniform within 1 / sqrt(fan in). */
export const convSpecs = (name: string, out: number, width: number, taps: number) => ({
  [`${name}.weight`]: { shape: [out, width, taps], start: { bound: 1 / Math.sqrt(width * taps) } },
  [`${name}.bias`]: { shape: [out], start: { bound: 1 / Math.sqrt(width * taps) } },
});

/** Starting values; each parameter depends on (seed, its name) alone. */
export function startParameters(specs: Specs, seed: number): HostParameters {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, startValue(name, spec, seed)]),
  );
}

function startValue(name: string, { shape, start }: ParameterSpec, seed: number): HostTensor {
  if ('fill' in start) return float32(shape, new Float32Array(sizeOf(shape)).fill(start.fill));
  const random = randomStream(seed, `parameter ${name}`);
  const draw =
    'deviation' in start
      ? () => random.normal() * start.deviation
      : () => (2 * random.uniform() - 1) * start.bound;
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return float32(shape, values);
}
