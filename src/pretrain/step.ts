/** @file The two compiled programs of a training step: the teacher's pass, and the student's whole update. */

import type { HostParameters } from '../base/host-tensor.js';
import { audio, localFeatures, projectFeatures } from '../encoders/families/ehmam.js';
import type { EhmamConfig } from '../encoders/families/ehmam-config.js';
import type { Engine, Held, Program } from '../engine/engine.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { AdamSettings, AdamState } from '../nn/adam.js';
import { lossAndGradients } from '../nn/gradients.js';
import { updateBy } from '../training/gradient-sums.js';
import { type ParameterGroup, resolveGroups } from '../training/parameter-groups.js';
import type { PretrainConfig } from './config.js';
import { averaged } from './ema.js';
import { losses, type MaskTensors, studentPass, teacherPass } from './model.js';

/** Everything that training changes. */
export type TrainingState = {
  readonly student: HostParameters;
  readonly teacher: HostParameters;
  readonly adam: AdamState<HostParameters>;
};

/** The same, held by the engine. */
export interface HeldState {
  readonly student: Held<Parameters>;
  readonly teacher: Held<Parameters>;
  readonly adam: Held<AdamState<Parameters>>;
}

export function holdState(engine: Engine, { student, teacher, adam }: TrainingState): HeldState {
  return {
    student: engine.hold<Parameters>(student),
    teacher: engine.hold<Parameters>(teacher),
    adam: engine.hold<AdamState<Parameters>>(adam),
  };
}

export async function readState({ student, teacher, adam }: HeldState): Promise<TrainingState> {
  return { student: await student.read(), teacher: await teacher.read(), adam: await adam.read() };
}

export async function releaseState({ student, teacher, adam }: HeldState): Promise<void> {
  await Promise.all([student.release(), teacher.release(), adam.release()]);
}

export type TeacherInputs = {
  /** The teacher uses its local encoder and projection as they are, and nothing else of it. */
  readonly student: Parameters;
  readonly teacher: Parameters;
  /** [batch, samples] */
  readonly waveform: tf.Tensor;
};

export type TeacherOutputs = {
  /** [batch, frames, width] */
  readonly targets: tf.Tensor;
  /** [batch, frames] */
  readonly predictedLoss: tf.Tensor;
  /** Features that no parameter has touched: the student starts from them. Absent where it starts from the waveform. */
  readonly studentInput?: tf.Tensor;
};

/** What the student's loss on a batch depends on. */
export type BatchInputs = {
  readonly student: Parameters;
  readonly studentInput: tf.Tensor;
  readonly targets: tf.Tensor;
  readonly masks: MaskTensors;
  /** [batch, frames, width] */
  readonly noise: tf.Tensor;
  /** A `DropoutKey` and [blocks]; absent where nothing is dropped. */
  readonly dropping: { readonly dropoutKey?: tf.Tensor; readonly keptBlocks?: tf.Tensor };
};

/** What an update changes, and by how much. */
export type UpdateInputs = {
  readonly student: Parameters;
  readonly teacher: Parameters;
  readonly adam: AdamState<Parameters>;
  /** Scalars: the updates done before, the learning rate, the teacher's decay. */
  readonly updatesBefore: tf.Tensor;
  readonly learningRate: tf.Tensor;
  readonly decay: tf.Tensor;
};

export type StudentInputs = BatchInputs & UpdateInputs;

/** Scalars that say how training goes. */
export type StepMeasures<Leaf> = {
  readonly loss: Leaf;
  readonly reconstruction: Leaf;
  readonly ranking: Leaf;
  readonly targetVariance: Leaf;
  readonly predictionVariance: Leaf;
  readonly gradientNorm: Leaf;
};

export type StudentOutputs = {
  readonly student: Parameters;
  readonly teacher: Parameters;
  readonly adam: AdamState<Parameters>;
  readonly measures: StepMeasures<tf.Tensor>;
};

export interface StepPrograms {
  readonly teacher: Program<TeacherInputs, TeacherOutputs, 'targets' | 'studentInput'>;
  readonly student: Program<StudentInputs, StudentOutputs, keyof TrainingState>;
}

/** Biases, norms and the ALiBi scale are free of weight decay (data2vec 2.0's parameter groups). */
export function exemptFromDecay(name: string, shape: readonly number[]): boolean {
  return shape.length <= 1 || name.endsWith('.bias') || name.includes('alibi');
}

const withoutDecay: ParameterGroup = {
  name: 'biases, norms and scales',
  matches: exemptFromDecay,
  decays: false,
};

/** Whether a student's parameter is one that the teacher borrows. */
export const isLocal = (name: string): boolean =>
  name.startsWith(`${audio}.local_encoder`) || name.startsWith(`${audio}.project_features`);

/** How the optimiser treats parameters of these shapes. */
export function adamOf({ optimizer }: PretrainConfig, shapes: HostParameters): AdamSettings {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = optimizer;
  const settings = { beta1, beta2, epsilon, weightDecay, clipNorm, decoupled: false, groups: [withoutDecay] };
  return resolveGroups(settings, shapes).adam;
}

export function compileStep(engine: Engine, config: PretrainConfig, shapes: HostParameters): StepPrograms {
  const { encoder, teacher, optimizer } = config;
  const convolutional = encoder.frontend.type === 'conv';
  const settings = adamOf(config, shapes);

  const teach = ({ student, teacher: parameters, waveform }: TeacherInputs): TeacherOutputs => {
    const features = localFeatures(encoder, student, waveform);
    const taught = teacherPass(encoder, parameters, projectFeatures(student, features), teacher.topBlocks);
    return convolutional ? taught : { ...taught, studentInput: features };
  };

  const learn = (inputs: StudentInputs): StudentOutputs => {
    const { gradients, measures } = studentGradients(config, inputs);
    const { gradientNorm, ...updated } = updatedBy(gradients, inputs, optimizer.clipNorm, settings);
    return { ...updated, measures: { ...measures, gradientNorm } };
  };

  return {
    teacher: engine.compile(teach, { name: 'teacher pass', keeps: ['targets', 'studentInput'] }),
    student: engine.compile(learn, { name: 'student step', keeps: ['student', 'teacher', 'adam'] }),
  };
}

/** The update that gradients make: student, moments, and the teacher behind it. */
export function updatedBy(
  gradients: Parameters,
  inputs: UpdateInputs,
  clipNorm: number,
  settings: AdamSettings,
) {
  const { student: parameters, adam: moments, updatesBefore: step, learningRate, decay } = inputs;
  const updated = updateBy(gradients, { parameters, moments, step, learningRate }, clipNorm, settings);
  return {
    student: updated.parameters,
    teacher: averaged(inputs.teacher, updated.parameters, decay),
    adam: updated.moments,
    gradientNorm: updated.gradientNorm,
  };
}

/** Gradients of the student's loss on a batch, and what it measures but for their norm. */
export function studentGradients({ encoder, ranking }: PretrainConfig, inputs: BatchInputs) {
  const { masks, targets } = inputs;
  const { loss, gradients, auxiliary } = lossAndGradients(inputs.student, (parameters) =>
    studentLoss(encoder, ranking, parameters, inputs),
  );
  const { reconstruction, rankingLoss, predictions } = auxiliary;
  const measures: Omit<StepMeasures<tf.Tensor>, 'gradientNorm'> = {
    loss: loss as tf.Tensor,
    reconstruction,
    ranking: rankingLoss,
    targetVariance: spread(targets, masks.mask),
    predictionVariance: spread(predictions, masks.mask),
  };
  return { gradients, measures };
}

/** What the student makes of a batch. */
export function studentOutput(
  encoder: EhmamConfig,
  parameters: Parameters,
  { masks, noise, studentInput, dropping }: Omit<BatchInputs, 'student'>,
) {
  const convolutional = encoder.frontend.type === 'conv';
  const features = convolutional ? localFeatures(encoder, parameters, studentInput) : studentInput;
  const { keptBlocks, dropoutKey } = dropping;
  return studentPass(encoder, parameters, features, masks, noise, keptBlocks, dropoutKey);
}

function studentLoss(
  encoder: EhmamConfig,
  ranking: PretrainConfig['ranking'],
  parameters: Parameters,
  inputs: BatchInputs,
) {
  const { masks, targets } = inputs;
  const output = studentOutput(encoder, parameters, inputs);
  const { reconstructionSum, rankingSum, pairs } = losses(output, targets, masks.mask);
  const masked = masks.mask.sum();
  const reconstruction = reconstructionSum.div(masked);
  // The trainer divides every sum by the number of masked frames (fairseq's sample size).
  const rankingLoss = rankingSum.div(ranking.form === 'mean' ? tf.maximum(pairs, 1) : masked);
  return {
    loss: ranking.weight === 0 ? reconstruction : reconstruction.add(rankingLoss.mul(ranking.weight)),
    auxiliary: { reconstruction, rankingLoss, predictions: output.predictions },
  };
}

/** Mean over channels of the deviation over masked frames, as data2vec 2.0's compute_var. */
function spread(x: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const width = x.shape[2] as number;
  const rows = x.reshape([-1, width]);
  const weights = mask.reshape([-1, 1]);
  const count = weights.sum();
  const mean = rows.mul(weights).sum(0, true).div(count);
  const variance = rows
    .sub(mean)
    .square()
    .mul(weights)
    .sum(0)
    .div(tf.maximum(count.sub(1), 1));
  return variance.add(1e-6).sqrt().mean();
}
