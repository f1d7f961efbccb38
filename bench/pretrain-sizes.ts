/** @file What `bench/pretrain` measures: one update of the student, at three sizes. */

import type { HostTensor } from '../src/base/host-tensor.js';
import { randomStream } from '../src/base/random.js';
import { frameCount } from '../src/encoders/families/ehmam.js';
import type { EhmamConfig } from '../src/encoders/families/ehmam-config.js';
import { type PretrainConfig, pretrainPreset } from '../src/pretrain/config.js';
import { chooseMasks, maskNoise, noiseNumbers, rowsOf } from '../src/pretrain/draws.js';
import { maskTensors } from '../src/pretrain/mask-tensors.js';
import { countMasked } from '../src/pretrain/masking/spans.js';
import { startState } from '../src/pretrain/start-state.js';
import { exemptFromDecay } from '../src/pretrain/step.js';
import { normals } from './normals.js';

export interface PretrainSize {
  readonly name: string;
  readonly config: PretrainConfig;
  readonly seconds: number;
}

/** Without dropout, whose random numbers differ between the two. */
function sized(name: string, preset: string, seconds: number, batch: number, encoder: Partial<EhmamConfig>) {
  const config = pretrainPreset(preset);
  const dropout = Object.fromEntries(Object.keys(config.encoder.dropout).map((key) => [key, 0]));
  return {
    name,
    seconds,
    config: {
      ...config,
      encoder: { ...config.encoder, ...encoder, dropout: dropout as EhmamConfig['dropout'] },
      batch: { size: batch, cropSeconds: [seconds] },
      masking: { ...config.masking, strategy: 'random' },
      teacher: { ...config.teacher, topBlocks: Math.min(config.teacher.topBlocks, encoder.blocks ?? 99) },
    },
  };
}

export const pretrainSizes: readonly PretrainSize[] = [
  sized('tiny', 'tiny', 1.65, 16, {}),
  sized('small', 'small', 4, 4, {}),
  sized('base width, 2 blocks', 'base', 4, 2, { prenetBlocks: 1, blocks: 1 }),
];

/** What a graphics processor is for: tiny as it is, small and base with batches and crops of their presets' kind. */
export const gpuSizes: readonly PretrainSize[] = [
  sized('tiny', 'tiny', 1.65, 16, {}),
  sized('small', 'small', 4, 16, {}),
  sized('base', 'base', 7.75, 8, {}),
];

/** Seeded parameters, input, targets and masks of an update, and the scalars of its first step. */
export function updateInputs({ config, seconds }: PretrainSize) {
  const { encoder, batch } = config;
  const random = (name: string, shape: readonly number[]): HostTensor =>
    normals(randomStream(1, name), shape);
  const samples = Math.round(seconds * 16000);
  const frames = frameCount(encoder, samples);
  const { frontend } = encoder;
  const inputShape =
    frontend.type === 'conv' ? [batch.size, samples] : [batch.size, frames, frontend.bins * frontend.stack];
  const masks = chooseMasks(config, 0, {
    predictedLoss: rowsOf(random('predicted loss', [batch.size, frames])),
  });
  const masked = masks.reduce((sum, mask) => sum + countMasked(mask), 0);
  const numbers = noiseNumbers(config, 0, 0, masked * encoder.width);
  const [noise] = maskNoise(config, masks, batch.size, numbers);
  return {
    ...startState({ encoder, seed: 1 }),
    studentInput: random('input', inputShape),
    targets: random('targets', [batch.size, frames, encoder.width]),
    masks: maskTensors(masks),
    noise: noise as HostTensor,
    dropping: {},
  };
}

/** What PyTorch's side is asked of a size: its description, and the tensors that it starts with. */
export function pytorchQuestion(size: PretrainSize) {
  const { encoder, optimizer, ranking } = size.config;
  const { adam: _, dropping: __, ...tensors } = updateInputs(size);
  const description = {
    ...sharedDescription(size),
    encoder,
    optimizer,
    rankingWeight: ranking.weight,
    exempt: exemptNames(tensors.student),
  };
  return { description, tensors };
}

/** What both sides are told. */
export const sharedDescription = ({ name, config }: PretrainSize) => ({
  size: name,
  decay: config.teacher.decay,
});

/** Names of the student's parameters that weight decay leaves alone. */
function exemptNames(student: Readonly<Record<string, HostTensor>>): string[] {
  return Object.entries(student)
    .filter(([name, { shape }]) => exemptFromDecay(name, shape))
    .map(([name]) => name);
}
