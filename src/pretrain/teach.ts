/** @file The teacher's pass of an update: targets for the student, and predictions of how hard each frame will be. */

import { localFeatures, projectFeatures } from '../encoders/families/ehmam.js';
import type { Engine, Program } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { type PretrainConfig, predictorOf } from './config.js';
import { predictLoss, teacherPass } from './model.js';

export type TeacherInputs = {
  /** The teacher uses its local encoder and projection as they are; of the rest, its loss predictor where settings say so. */
  readonly student: Parameters;
  readonly teacher: Parameters;
  /** [batch, samples] */
  readonly waveform: tf.Tensor;
};

/** The predictor's loss of each frame, [batch, frames], by what it reads. */
export type Predicted<Leaf> = { readonly targets: Leaf; readonly encoder: Leaf };

export type TeacherOutputs = {
  /** [batch, frames, width] */
  readonly targets: tf.Tensor;
  readonly predictedFrom: Predicted<tf.Tensor>;
  /** What the student's predictor learns from, [batch, frames, width]. Absent where that is the student's, or the targets. */
  readonly predictorInput?: tf.Tensor;
  /** Features that no parameter has touched: the student starts from them. Absent where it starts from the waveform. */
  readonly studentInput?: tf.Tensor;
};

export type TeacherProgram = Program<
  TeacherInputs,
  TeacherOutputs,
  'targets' | 'predictorInput' | 'studentInput'
>;

export function compileTeacher(engine: Engine, config: PretrainConfig): TeacherProgram {
  const { encoder } = config;
  const { weights, reads, learnsFrom } = predictorOf(config);
  const teach = ({ student, teacher, waveform }: TeacherInputs): TeacherOutputs => {
    const features = localFeatures(encoder, student, waveform);
    const { targets, encoded } = teacherPass(
      encoder,
      teacher,
      projectFeatures(student, features),
      config.teacher,
    );
    const predictor = weights === 'student' ? student : teacher;
    return {
      targets,
      predictedFrom: {
        targets: predictLoss(encoder, predictor, targets),
        encoder: predictLoss(encoder, predictor, encoded),
      },
      ...(learnsFrom === 'teacher' && reads === 'encoder' && { predictorInput: encoded }),
      ...(encoder.frontend.type !== 'conv' && { studentInput: features }),
    };
  };
  return engine.compile(teach, {
    name: 'teacher pass',
    keeps: ['targets', 'predictorInput', 'studentInput'],
  });
}
