/** @file Names, shapes and initial values of the EH-MAM model's parameters. */

import {
  convSpecs,
  linearSpecs,
  normSpecs,
  ones,
  type ParameterSpec,
  type Specs,
} from '../parameter-specs.js';
import { audio } from './ehmam.js';
import type { EhmamConfig } from './ehmam-config.js';

export { startParameters } from '../parameter-specs.js';

const blockSpecs = (name: string, width: number, hidden: number) => ({
  ...normSpecs(`${name}.norm1`, width),
  ...linearSpecs(`${name}.attn.qkv`, 3 * width, width),
  ...linearSpecs(`${name}.attn.proj`, width, width),
  ...normSpecs(`${name}.norm2`, width),
  ...linearSpecs(`${name}.mlp.fc1`, hidden, width),
  ...linearSpecs(`${name}.mlp.fc2`, width, hidden),
});

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
