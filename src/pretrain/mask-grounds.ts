/** @file What masks are chosen by: the teacher's predicted loss, and what the strategy asks for beside it. */
import type { MaskingNeed } from '../api/masking-strategy.js';
import type { HostTensor } from '../base/host-tensor.js';
import { normalNumbers, randomStream } from '../base/random.js';
import type { Engine, Held, Program } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { PretrainConfig } from './config.js';
import { type MaskGrounds, maskNoise, rowsOf } from './draws.js';
import { frameGrid, framePower } from './frame-grid.js';
import { maskTensors } from './mask-tensors.js';
import { coveringMasks, coveringPasses } from './masking/covering.js';
import { maskings } from './masking/index.js';
import { countMasked } from './masking/spans.js';
import { frameLosses } from './model.js';
import { type BatchInputs, studentOutput } from './step.js';
import type { Taught } from './update-batches.js';

type LossInputs = Omit<BatchInputs, 'dropping'>;

/** Losses of the masked frames of a batch, [batch, frames]; it keeps nothing and changes nothing. */
export type FrameLossProgram = Program<LossInputs, { readonly frameLoss: tf.Tensor }>;

/** What the settings' strategy asks for. */
export const needsOf = ({ masking }: PretrainConfig): readonly MaskingNeed[] =>
  maskings.find(masking.strategy).needs ?? [];

/** The student's pass without dropout, whose losses say what is truly hard. */
export function compileFrameLoss(engine: Engine, config: PretrainConfig): FrameLossProgram {
  const measure = ({ student, ...batch }: LossInputs) => {
    const { predictions } = studentOutput(config, student, { ...batch, dropping: {} });
    return { frameLoss: frameLosses(predictions, batch.targets, batch.masks.mask) };
  };
  return engine.compile(measure, { name: 'actual loss pass' });
}

/** A step's crops in parts, what the teacher made of them, and the student as it is. */
export interface Seen {
  readonly step: number;
  readonly student: Held<Parameters>;
  /** [size, samples] of each part. */
  readonly crops: readonly HostTensor[];
  readonly taught: readonly Taught[];
  /** The predicted loss of every row. */
  readonly predictedLoss: readonly Float32Array[];
}

/**
 * What the strategy is given, for the rows of all parts.
 * @param frameLoss there where the strategy needs the actual loss
 */
export async function maskGrounds(
  config: PretrainConfig,
  frameLoss: FrameLossProgram | undefined,
  seen: Seen,
): Promise<MaskGrounds> {
  return {
    predictedLoss: seen.predictedLoss,
    ...(frameLoss !== undefined && { actualLoss: await actualLosses(config, frameLoss, seen) }),
    ...(needsOf(config).includes('energy') && {
      energy: seen.crops.flatMap((crop) => energies(config, crop)),
    }),
  };
}

function energies({ encoder }: PretrainConfig, crops: HostTensor): Float32Array[] {
  const grid = frameGrid(encoder, crops.shape[1] as number);
  return rowsOf(crops).map((samples) => Float32Array.from(framePower(samples, grid)));
}

/** Every frame's loss while it is masked: `coveringPasses` passes, each of which masks frames that no other does. */
async function actualLosses(
  config: PretrainConfig,
  program: FrameLossProgram,
  { step, student, crops, taught, predictedLoss }: Seen,
): Promise<Float32Array[]> {
  const { encoder, masking, batch, seed } = config;
  const losses = predictedLoss.map(({ length }) => new Float32Array(length));
  const covers = predictedLoss.map(({ length }, row) =>
    coveringMasks(length, masking.span, coveringPasses, randomStream(seed, 'actual loss mask', step, row)),
  );
  for (let pass = 0; pass < coveringPasses; pass++) {
    const masks = covers.map((cover) => cover[pass] as Uint8Array);
    const masked = masks.reduce((sum, mask) => sum + countMasked(mask), 0);
    const numbers = normalNumbers(
      [seed, 'actual loss noise', step, pass],
      0,
      masked * encoder.width,
      masking.noise,
    );
    const noises = maskNoise(config, masks, batch.size, numbers);
    for (const [part, waveform] of crops.entries()) {
      const { targets, studentInput = waveform } = taught[part] as Taught;
      const first = part * batch.size;
      const { frameLoss } = await program.run({
        ...{ student, studentInput, targets, noise: noises.next().value as HostTensor },
        masks: maskTensors(masks.slice(first, first + batch.size)),
      });
      for (const [row, values] of rowsOf(frameLoss).entries())
        for (const [t, loss] of values.entries())
          if (loss > 0) (losses[first + row] as Float32Array)[t] = loss;
    }
  }
  return losses;
}
