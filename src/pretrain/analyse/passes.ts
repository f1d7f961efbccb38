/** @file The two compiled programs of an analysis: the teacher's view of an utterance, and what the student makes of masks. */

import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import { localFeatures, projectFeatures } from '../../encoders/families/ehmam.js';
import type { Engine } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import type { PredictorSettings } from '../config.js';
import { rowsOf } from '../draws.js';
import { maskTensors } from '../mask-tensors.js';
import { losses, type MaskTensors, predictLoss, studentPass, teacherPass } from '../model.js';
import type { Pretrained } from './pretrained.js';

export interface TeacherView {
  /** Raw local features [1, frames, channels] and targets [1, frames, width]. */
  readonly features: HostTensor;
  readonly targets: HostTensor;
  /** Of every predictor that could stand in the teacher's place, a number a frame. */
  readonly predicted: Readonly<Record<TeacherPredictor, Float32Array>>;
}

/** Predictors by whose weights they have and what of the teacher they read. */
export const teacherPredictors = [
  'averagedFromTargets',
  'averagedFromEncoder',
  'studentFromTargets',
  'studentFromEncoder',
] as const;
export type TeacherPredictor = (typeof teacherPredictors)[number];

/** The one that the settings of a run choose masks by. */
export function chosenPredictor({ weights, reads }: PredictorSettings): TeacherPredictor {
  return `${weights}From${reads === 'targets' ? 'Targets' : 'Encoder'}`;
}

export interface StudentView {
  /** Actual loss of every masked frame, a row a mask; 0 where not masked. */
  readonly frameLoss: readonly Float32Array[];
  /** What the student predicts of it, masked or not. */
  readonly predictedLoss: readonly Float32Array[];
}

export interface Passes {
  /** @param samples normalised, 16 kHz; each length is compiled once */
  teacher(samples: Float32Array): Promise<TeacherView>;
  /** The student under several masks of one utterance, which need not hide equally many frames. */
  student(view: TeacherView, masks: readonly Uint8Array[], seed: number): Promise<StudentView>;
  dispose(): Promise<void>;
}

/** Compiles teacher and student as training runs them, without dropout. */
export function compilePasses(engine: Engine, pretrained: Pretrained): Passes {
  const { encoder, targets: settings, masking } = pretrained;
  const student = engine.hold<Parameters>(pretrained.student);
  const teacher = engine.hold<Parameters>(pretrained.teacher);
  const teach = engine.compile(
    (inputs: { student: Parameters; teacher: Parameters; waveform: tf.Tensor }) => {
      const features = localFeatures(encoder, inputs.student, inputs.waveform);
      const projected = projectFeatures(inputs.student, features);
      const { targets, encoded } = teacherPass(encoder, inputs.teacher, projected, settings);
      return {
        ...{ features, targets },
        predicted: {
          averagedFromTargets: predictLoss(encoder, inputs.teacher, targets),
          averagedFromEncoder: predictLoss(encoder, inputs.teacher, encoded),
          studentFromTargets: predictLoss(encoder, inputs.student, targets),
          studentFromEncoder: predictLoss(encoder, inputs.student, encoded),
        },
      };
    },
    { name: 'teacher of an analysis' },
  );
  type Inputs = {
    student: Parameters;
    features: tf.Tensor;
    targets: tf.Tensor;
    noise: tf.Tensor;
    masks: MaskTensors;
  };
  const learn = engine.compile(
    (inputs: Inputs) => {
      const { features, masks, noise, targets } = inputs;
      const output = studentPass(encoder, inputs.student, { features, masks, noise });
      const { frameLoss } = losses(output, targets, masks.mask);
      return { frameLoss, predictedLoss: output.predictedLoss };
    },
    { name: 'student of an analysis' },
  );
  return {
    teacher: async (samples) => {
      const outputs = await teach.run({ student, teacher, waveform: float32([1, samples.length], samples) });
      const { features, targets, predicted } = outputs;
      const floats = teacherPredictors.map((name) => [name, floatsOf(predicted[name])] as const);
      return { features, targets, predicted: Object.fromEntries(floats) as TeacherView['predicted'] };
    },
    student: async ({ features, targets }, masks, seed) => {
      const [rows, frames] = [masks.length, masks[0]?.length ?? 0];
      const outputs = await learn.run({
        student,
        features: repeated(features, rows),
        targets: repeated(targets, rows),
        noise: noiseOf([rows, frames, encoder.width], masking.noise, seed),
        // Filled up to all frames, so that the number of masked ones asks for no new program.
        masks: maskTensors(masks, frames),
      });
      return { frameLoss: rowsOf(outputs.frameLoss), predictedLoss: rowsOf(outputs.predictedLoss) };
    },
    dispose: async () => {
      await teach.dispose();
      await learn.dispose();
      await student.release();
      await teacher.release();
    },
  };
}

/** [1, ...] to [rows, ...]. */
function repeated(tensor: HostTensor, rows: number): HostTensor {
  const values = floatsOf(tensor);
  const data = new Float32Array(values.length * rows);
  for (let row = 0; row < rows; row++) data.set(values, row * values.length);
  return float32([rows, ...tensor.shape.slice(1)], data);
}

function noiseOf(shape: readonly number[], deviation: number, seed: number): HostTensor {
  const random = randomStream(seed, 'analysis noise');
  const noise = float32(shape);
  const values = floatsOf(noise);
  if (deviation > 0) for (let i = 0; i < values.length; i++) values[i] = random.normal() * deviation;
  return noise;
}
