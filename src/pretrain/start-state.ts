/** @file The state of a pre-training before its first update: new weights, or those of a checkpoint. */
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import {
  decoderSpecs,
  encoderSpecs,
  predictorSpecs,
  startParameters,
} from '../encoders/families/ehmam-parameters.js';
import { adamStart } from '../nn/adam.js';
import type { PretrainConfig } from './config.js';
import { isLocal, type TrainingState } from './step.js';
import type { WarmStart } from './warm-start.js';

/**
 * Parameters, moments that are zero, and a teacher. What a checkpoint has not is drawn anew; a teacher, or a part of it, that
 * is not given starts as a copy of the student's.
 * @param init of the sizes that the settings say
 */
export function startState(
  { encoder, seed }: Pick<PretrainConfig, 'encoder' | 'seed'>,
  init?: Pick<WarmStart, 'student' | 'teacher'>,
): TrainingState {
  const specs = { ...encoderSpecs(encoder), ...decoderSpecs(encoder), ...predictorSpecs(encoder) };
  const missing = Object.entries(specs).filter(([name]) => init?.student[name] === undefined);
  const student = inOrder(specs, { ...startParameters(Object.fromEntries(missing), seed), ...init?.student });
  const taught = { ...encoderSpecs(encoder), ...predictorSpecs(encoder) };
  const teacher = Object.fromEntries(
    Object.keys(student)
      .filter((name) => name in taught && !isLocal(name))
      .map((name) => [name, init?.teacher[name] ?? (student[name] as HostTensor)]),
  );
  return { student, teacher, adam: adamStart(student) };
}

/** In the order in which a new run has them: programs are compiled alike. */
const inOrder = (specs: Readonly<Record<string, unknown>>, tensors: HostParameters): HostParameters =>
  Object.fromEntries(Object.keys(specs).map((name) => [name, tensors[name] as HostTensor]));
