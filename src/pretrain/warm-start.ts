/** @file Where a pre-training starts that goes on from a checkpoint: student, teacher, loss predictor, decoder. */
import { dirname } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { fileStatus } from '../base/files.js';
import type { HostParameters } from '../base/host-tensor.js';
import type { Encoder } from '../encoders/encoder.js';
import type { EhmamConfig } from '../encoders/families/ehmam-config.js';
import { decoderSpecs, encoderSpecs, predictorSpecs } from '../encoders/families/ehmam-parameters.js';
import { loadEncoder } from '../encoders/load.js';
import { readOfficialCheckpoint } from '../encoders/official/weights.js';
import { weightsFile } from '../encoders/own-folder.js';
import type { Specs } from '../encoders/parameter-specs.js';
import { readSafetensors } from '../formats/safetensors.js';
import { recordedPath } from '../results/places.js';
import { runFolder } from './run-folder.js';
import { partNames, type StartOrigin } from './start-origin.js';
import { isLocal } from './step.js';

export interface WarmStart {
  readonly origin: StartOrigin;
  readonly encoder: EhmamConfig;
  /** How many blocks' outputs the targets were made of, where the checkpoint says it. */
  readonly topBlocks: number | undefined;
  /** Under the names of training; without the parts that the checkpoint has not. */
  readonly student: HostParameters;
  readonly teacher: HostParameters;
}

/** The families whose pre-training is here. */
const families = ['ehmam'];

/**
 * Reads a checkpoint to go on from: a folder of ours or a file of the official trainer (EH-MAM, data2vec 2.0).
 * @throws UserError for an encoder of a family that is not pre-trained here or without weights of its own, for parts of
 *   which some parameters are missing or have another shape, and as `loadEncoder`
 */
export async function readWarmStart(spec: string, quiet = false): Promise<WarmStart> {
  const encoder = await loadEncoder(spec, 0, { quiet });
  if (!families.includes(encoder.family)) {
    throw new UserError(
      `'${spec}' is an encoder of the family '${encoder.family}', which cannot be pre-trained`,
      {
        hint: `Families that can be: ${families.join(', ')} (folders written by 'ehmam pretrain', .pt files of EH-MAM and data2vec 2.0)`,
      },
    );
  }
  if (encoder.origin === undefined) {
    throw new UserError(`'${spec}' has no weights to start from`, {
      hint: `Use --preset ${spec.replace(/^.*:/, '')} without --init`,
    });
  }
  const config = encoder.config as EhmamConfig;
  const { topBlocks, student, teacher, file } = await readParts(encoder);
  const parts = {
    decoder: partOf('decoder', student, decoderSpecs(config), file),
    'loss predictor': partOf('loss predictor', student, predictorSpecs(config), file),
    teacher: partOf('teacher', teacher, teacherSpecs(config), file),
    "teacher's loss predictor": partOf("teacher's loss predictor", teacher, predictorSpecs(config), file),
  };
  // Without a teacher, its loss predictor needs no word of its own.
  const fresh = partNames.filter(
    (part) =>
      parts[part] === undefined && (part !== "teacher's loss predictor" || parts.teacher !== undefined),
  );
  const { name, hash } = encoder;
  return {
    origin: { name, spec: recordedPath(spec), hash, fresh },
    encoder: config,
    topBlocks,
    student: { ...encoder.parameters, ...parts.decoder, ...parts['loss predictor'] },
    teacher: { ...parts.teacher, ...parts["teacher's loss predictor"] },
  };
}

/** The encoder's parameters that the teacher has of its own. */
const teacherSpecs = (config: EhmamConfig): Specs =>
  Object.fromEntries(Object.entries(encoderSpecs(config)).filter(([name]) => !isLocal(name)));

interface Parts {
  readonly topBlocks: number | undefined;
  readonly student: HostParameters;
  readonly teacher: HostParameters;
  /** What errors name. */
  readonly file: string;
}

async function readParts({ origin }: Encoder): Promise<Parts> {
  const file = origin?.files.at(-1) ?? '';
  if (!file.endsWith(weightsFile)) {
    const { student, teacher = {}, topBlocks } = await readOfficialCheckpoint(file);
    return { student, teacher, topBlocks, file };
  }
  const { teacher } = runFolder(dirname(file));
  const training = trainingSchema.safeParse(origin?.training);
  const isThere = (await fileStatus(teacher)) !== undefined;
  return {
    student: (await readSafetensors(file)).tensors,
    teacher: isThere ? (await readSafetensors(teacher)).tensors : {},
    topBlocks: training.data?.teacher.topBlocks,
    file,
  };
}

const trainingSchema = z.object({ teacher: z.object({ topBlocks: z.int().positive() }) });

/** @returns undefined where nothing of it is there */
function partOf(
  part: string,
  tensors: HostParameters,
  specs: Specs,
  file: string,
): HostParameters | undefined {
  const names = Object.keys(specs);
  if (!names.some((name) => Object.hasOwn(tensors, name))) return undefined;
  return Object.fromEntries(
    names.map((name) => {
      const tensor = tensors[name];
      const { shape } = specs[name] as Specs[string];
      if (tensor?.dtype === 'float32' && tensor.shape.join() === shape.join()) return [name, tensor];
      throw new UserError(`${name} of the ${part} is missing or has another shape`, {
        file,
        hint: 'Use a checkpoint that contains all of it, or only the encoder',
      });
    }),
  );
}
