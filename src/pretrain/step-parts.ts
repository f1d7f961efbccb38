/** @file The student's update where its batch comes in parts: their gradients are summed up first, one part after the other. */

import type { HostParameters } from '../base/host-tensor.js';
import type { Engine, Program } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { AdamState } from '../nn/adam.js';
import { addSums, type GradientSums } from '../training/gradient-sums.js';
import type { PretrainConfig } from './config.js';
import {
  adamOf,
  type BatchInputs,
  type FrameLosses,
  type StepMeasures,
  studentGradients,
  type TrainingState,
  type UpdateInputs,
  updatedBy,
} from './step.js';

type Sums = { readonly sums: GradientSums };

/** What a part measures; its gradients have no norm of their own. */
type PartOutputs = Sums & {
  readonly measures: Omit<StepMeasures<tf.Tensor>, 'gradientNorm'>;
  readonly frames: FrameLosses<tf.Tensor>;
};

type Updated = {
  readonly student: Parameters;
  readonly teacher: Parameters;
  readonly adam: AdamState<Parameters>;
  readonly gradientNorm: tf.Tensor;
};

export interface PartPrograms {
  readonly first: Program<BatchInputs, PartOutputs, 'sums'>;
  readonly more: Program<BatchInputs & Sums, PartOutputs, 'sums'>;
  readonly last: Program<UpdateInputs & Sums, Updated, keyof TrainingState>;
}

/**
 * Compiles an update in parts. Losses of all parts count by their masked frames, as fairseq's do; every row of a step has
 * as many, so that gradients are those of the whole batch within rounding.
 */
export function compileParts(engine: Engine, config: PretrainConfig, shapes: HostParameters): PartPrograms {
  const settings = adamOf(config, shapes);
  const part = (inputs: BatchInputs): PartOutputs => {
    const { gradients, measures, frames } = studentGradients(config, inputs);
    const count = inputs.masks.mask.sum();
    return {
      sums: {
        gradients: Object.fromEntries(
          Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(count)]),
        ),
        loss: measures.loss.mul(count),
        count,
      },
      measures,
      frames,
    };
  };
  return {
    first: engine.compile(part, { name: 'student part', keeps: ['sums'] }),
    more: engine.compile(
      ({ sums, ...inputs }) => {
        const { sums: own, ...measured } = part(inputs);
        return { sums: addSums(sums, own), ...measured };
      },
      { name: 'further student part', keeps: ['sums'] },
    ),
    last: engine.compile(
      ({ sums, ...inputs }) => updatedBy(sums, inputs, config.optimizer.clipNorm, settings),
      { name: 'student step', keeps: ['student', 'teacher', 'adam'] },
    ),
  };
}
