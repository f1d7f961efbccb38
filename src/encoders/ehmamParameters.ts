/** @file Names, shapes and initial values of the EH-MAM model's parameters. */
import { float32, type HostParameters, type HostTensor, sizeOf } from '../engine/tree.js';
import { randomStream } from '../random.js';
import { audio } from './ehmam.js';
import type { EhmamConfig } from './ehmamConfig.js';

/** How a parameter starts: a constant, or random numbers of a deviation or a bound. */
type Start = { readonly fill: number } | { readonly deviation: number } | { readonly bound: number };

interface ParameterSpec {
  readonly shape: readonly number[];
  readonly start: Start;
}

/**
 * BERT's deviation for linear layers (fairseq's init_bert_params), 0.02, is for inputs of 768. A narrower layer starts
 * wider, so that it passes on as much variance: with 0.02, one of 144 passes on 6 %, and learning starts late.
 */
const bertDeviation = (width: number): number => 0.02 * Math.sqrt(768 / width);
const zeros: Start = { fill: 0 };
const ones: Start = { fill: 1 };

const linearSpecs = (
  name: string,
  out: number,
  width: number,
  start: Start = { deviation: bertDeviation(width) },
) => ({
  [`${name}.weight`]: { shape: [out, width], start },
  [`${name}.bias`]: { shape: [out], start: 'bound' in start ? start : zeros },
});

const normSpecs = (name: string, width: number) => ({
  [`${name}.weight`]: { shape: [width], start: ones },
  [`${name}.bias`]: { shape: [width], start: zeros },
});

/** torch's default for convolutions: uniform within 1 / sqrt(fan in). */
const convSpecs = (name: string, out: number, width: number, taps: number) => ({
  [`${name}.weight`]: { shape: [out, width, taps], start: { bound: 1 / Math.sqrt(width * taps) } },
  [`${name}.bias`]: { shape: [out], start: { bound: 1 / Math.sqrt(width * taps) } },
});

const blockSpecs = (name: string, width: number, hidden: number) => ({
  ...normSpecs(`${name}.norm1`, width),
  ...linearSpecs(`${name}.attn.qkv`, 3 * width, width),
  ...linearSpecs(`${name}.attn.proj`, width, width),
  ...normSpecs(`${name}.norm2`, width),
  ...linearSpecs(`${name}.mlp.fc1`, hidden, width),
  ...linearSpecs(`${name}.mlp.fc2`, width, hidden),
});

type Specs = Readonly<Record<string, ParameterSpec>>;

function frontendSpecs({ frontend, width }: EhmamConfig): Specs {
  const channels =
    frontend.type === 'mel' ? frontend.bins * frontend.stack : (frontend.layers.at(-1)?.[0] as number);
  let inputs = 1;
  const convolutions: Record<string, ParameterSpec> = {};
  if (frontend.type === 'conv') {
    for (const [i, [out, taps]] of frontend.layers.entries()) {
      const name = `${audio}.local_encoder.conv_layers.${i}`;
      // kaiming_normal_, as fairseq's ConvFeatureExtractionModel.
      convolutions[`${name}.0.weight`] = {
        shape: [out, inputs, taps],
        start: { deviation: Math.sqrt(2 / (inputs * taps)) },
      };
      Object.assign(convolutions, normSpecs(`${name}.2.1`, out));
      inputs = out;
    }
  }
  return {
    ...convolutions,
    ...normSpecs(`${audio}.project_features.1`, channels),
    ...linearSpecs(`${audio}.project_features.2`, width, channels),
  };
}

/** Parameters of the encoder itself. */
export function encoderSpecs(config: EhmamConfig): Specs {
  const { width, heads, mlpRatio, prenetBlocks, blocks, position, normFirst } = config;
  const hidden = Math.round(width * mlpRatio);
  const names = [
    ...Array.from({ length: prenetBlocks }, (_, i) => `${audio}.context_encoder.blocks.${i}`),
    ...Array.from({ length: blocks }, (_, i) => `blocks.${i}`),
  ];
  return {
    [`${audio}.alibi_scale`]: { shape: [1, 1, heads, 1, 1], start: ones },
    ...frontendSpecs(config),
    ...Object.assign(
      {},
      ...Array.from({ length: position.layers }, (_, i) =>
        convSpecs(
          `${audio}.relative_positional_encoder.${i + 1}.0`,
          width,
          width / position.groups,
          position.kernel,
        ),
      ),
    ),
    ...normSpecs(`${audio}.context_encoder.norm`, width),
    ...Object.assign({}, ...names.map((name) => blockSpecs(name, width, hidden))),
    ...(normFirst ? normSpecs('norm', width) : {}),
  };
}

/** Parameters of the student's decoder. */
export function decoderSpecs(config: EhmamConfig): Specs {
  const { decoder, width } = config;
  return {
    ...decoderBlocks(`${audio}.decoder`, config),
    ...linearSpecs(`${audio}.decoder.proj`, width, decoder.width, { bound: 1 / Math.sqrt(decoder.width) }),
  };
}

/** Parameters of the loss predictor, which student and teacher both have. */
export function predictorSpecs(config: EhmamConfig): Specs {
  const { decoder, width } = config;
  const name = `${audio}.decoder_pred`;
  return {
    ...decoderBlocks(name, config),
    ...normSpecs(`${name}.proj.0`, decoder.width),
    ...linearSpecs(`${name}.proj.1`, width, decoder.width, { bound: 1 / Math.sqrt(decoder.width) }),
  };
}

function decoderBlocks(name: string, { decoder, width }: EhmamConfig): Specs {
  return Object.assign(
    {},
    ...Array.from({ length: decoder.layers }, (_, i) =>
      convSpecs(
        `${name}.blocks.${i}.0`,
        decoder.width,
        (i === 0 ? width : decoder.width) / decoder.groups,
        decoder.kernel,
      ),
    ),
  );
}

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
