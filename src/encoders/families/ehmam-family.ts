/** @file EH-MAM as an encoder family: what `SPEC`s, evaluation and export see of it. */

import type { EncoderFamily } from '../../api/encoder-family.js';
import { audio, encode, frameHop, receptiveField } from './ehmam.js';
import { type EhmamConfig, ehmamSchema, encoderPresets } from './ehmam-config.js';
import { encoderSpecs } from './ehmam-parameters.js';

export const ehmamFamily: EncoderFamily<EhmamConfig> = {
  name: 'ehmam',
  schema: ehmamSchema,
  presets: encoderPresets,
  frontEnd: [`${audio}.local_encoder.`],
  maskedFrames: 'noise',
  parameters: encoderSpecs,
  forward: (config, parameters, input) => encode(config, parameters, input).hiddenStates,
  dims: (config) => Array.from({ length: config.prenetBlocks + config.blocks + 1 }, () => config.width),
  normalizesWaveform: (config) => config.normalizeWaveform,
  minimumSamples: receptiveField,
  hopSamples: frameHop,
};
