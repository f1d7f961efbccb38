/** @file The student's whole update as one compiled program, and the state of training that it changes. */

import type { HostParameters } from '../base/host-tensor.js';
import { audio, localFeatures } from '../encoders/families/ehmam.js';
import type { Engine, Held, Program } from '../engine/engine.js';
import * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { AdamSettings, AdamState } from '../nn/adam.js';
import { lossAndGradients } from '../nn/gradients.js';
import { type BatchGradients, updateBy } from '../training/gradient-sums.js';
import { type ParameterGroup, resolveGroups } from '../training/parameter-groups.js';
import { type PretrainConfig, predictorOf } from './config.js';
import { averaged } from './ema.js';
import { deviations, losses, type MaskTensors, studentPass, varianceLoss } from './model.js';
import { compileTeacher, type TeacherProgram } from './teach.js';

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

/** What the student's loss on a batch depends on. */
export type BatchInputs = {
  readonly student: Parameters;
  readonly studentInput: tf.Tensor;
  readonly targets: tf.Tensor;
  /** What the loss predictor learns from where that is the teacher's encoder output, [batch, frames, width]. */
  readonly predictorInput?: tf.Tensor;
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

/** What each masked frame cost, and what the student's predictor said of it: [batch, frames]. */
export type FrameLosses<Leaf> = { readonly actual: Leaf; readonly predicted: Leaf };

export type StudentOutputs = {
  readonly student: Parameters;
  readonly teacher: Parameters;
  readonly adam: AdamState<Parameters>;
  readonly measures: StepMeasures<tf.Tensor>;
  readonly frames: FrameLosses<tf.Tensor>;
};

export interface StepPrograms {
  readonly teacher: TeacherProgram;
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
  const settings = { beta1, beta2, epsilon, weightDecay, clipNorm, decoupled: true, groups: [withoutDecay] };
  return resolveGroups(settings, shapes).adam;
}

export function compileStep(engine: Engine, config: PretrainConfig, shapes: HostParameters): StepPrograms {
  const { clipNorm } = config.optimizer;
  const settings = adamOf(config, shapes);

  const learn = (inputs: StudentInputs): StudentOutputs => {
    const { gradients, measures, frames } = studentGradients(config, inputs);
    const { gradientNorm, ...updated } = updatedBy({ gradients }, inputs, clipNorm, settings);
    return { ...updated, measures: { ...measures, gradientNorm }, frames };
  };

  return {
    teacher: compileTeacher(engine, config),
    student: engine.compile(learn, { name: 'student step', keeps: ['student', 'teacher', 'adam'] }),
  };
}

/** The update that gradients make: student, moments, and the teacher behind it. */
export function updatedBy(
  gradients: BatchGradients,
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
export function studentGradients(config: PretrainConfig, inputs: BatchInputs) {
  const { masks, targets } = inputs;
  const { loss, gradients, auxiliary } = lossAndGradients(inputs.student, (parameters) =>
    studentLoss(config, parameters, inputs),
  );
  const { reconstruction, rankingLoss, predictions, predictedLoss, frameLoss } = auxiliary;
  const measures: Omit<StepMeasures<tf.Tensor>, 'gradientNorm'> = {
    loss: loss as tf.Tensor,
    reconstruction,
    ranking: rankingLoss,
    targetVariance: deviations(targets, masks.mask).mean(),
    predictionVariance: deviations(predictions, masks.mask).mean(),
  };
  const frames: FrameLosses<tf.Tensor> = { actual: frameLoss, predicted: predictedLoss };
  return { gradients, measures, frames };
}

/** What the student makes of a batch. */
export function studentOutput(
  { encoder, predictor }: Pick<PretrainConfig, 'encoder' | 'predictor'>,
  parameters: Parameters,
  { masks, noise, studentInput, targets, predictorInput, dropping }: Omit<BatchInputs, 'student'>,
) {
  const convolutional = encoder.frontend.type === 'conv';
  const features = convolutional ? localFeatures(encoder, parameters, studentInput) : studentInput;
  return studentPass(encoder, parameters, {
    ...{ features, masks, noise, ...dropping },
    predictorInput:
      predictorOf({ predictor }).learnsFrom === 'teacher' ? (predictorInput ?? targets) : undefined,
  });
}

function studentLoss(config: PretrainConfig, parameters: Parameters, inputs: BatchInputs) {
  const { ranking, variance } = config;
  const { masks, targets } = inputs;
  const output = studentOutput(config, parameters, inputs);
  const { reconstructionSum, rankingSum, pairs, frameLoss } = losses(output, targets, masks.mask);
  const masked = masks.mask.sum();
  const reconstruction = reconstructionSum.div(masked);
  // The trainer divides every sum by the number of masked frames (fairseq's sample size).
  const rankingLoss = rankingSum.div(ranking.form === 'mean' ? tf.maximum(pairs, 1) : masked);
  const spread =
    variance === undefined ? undefined : varianceLoss(output.encoded, masks.keptPadding, variance.floor);
  const terms = [
    reconstruction,
    ...(ranking.weight === 0 ? [] : [rankingLoss.mul(ranking.weight)]),
    ...(spread === undefined ? [] : [spread.mul(variance?.weight ?? 0)]),
  ];
  const { predictions, predictedLoss } = output;
  return {
    loss: terms.reduce((sum, term) => sum.add(term)),
    auxiliary: { reconstruction, rankingLoss, predictions, predictedLoss, frameLoss },
  };
}
