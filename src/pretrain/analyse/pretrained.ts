/** @file Student and teacher of a pre-training: a run's folder, finished or not, or a file of the official trainer. */
import { stat } from 'node:fs/promises';
import { UserError } from '../../base/errors.js';
import type { HostParameters, HostTensor } from '../../base/host-tensor.js';
import { encoderOf } from '../../encoders/checkpoint.js';
import { configure } from '../../encoders/configured.js';
import type { EhmamConfig } from '../../encoders/families/ehmam-config.js';
import { decoderSpecs, encoderSpecs, predictorSpecs } from '../../encoders/families/ehmam-parameters.js';
import { readOfficialCheckpoint } from '../../encoders/official/weights.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { newestState } from '../checkpoint.js';
import { type PredictorSettings, predictorOf, type TargetSettings } from '../config.js';
import { easyToHard } from '../masking/easy-to-hard.js';
import { type MaskSettings, maskDefaults } from '../masking/index.js';
import { readRun, runFolder } from '../run-folder.js';
import { isLocal } from '../step.js';

export interface Pretrained {
  readonly encoder: EhmamConfig;
  readonly targets: TargetSettings;
  readonly predictor: PredictorSettings;
  readonly masking: MaskSettings & { readonly strategy: string; readonly noise: number };
  readonly student: HostParameters;
  readonly teacher: HostParameters;
  /** The files that the parameters came from. */
  readonly files: readonly string[];
}

/**
 * Reads what pre-training left, the decoder and the loss predictors included.
 * @throws UserError when there is none, and for parameters that are missing or have another shape
 */
export async function readPretrained(checkpoint: string): Promise<Pretrained> {
  const found = await stat(checkpoint).catch(() => undefined);
  if (found?.isFile()) return readOfficial(checkpoint);
  const folder = runFolder(checkpoint);
  const run = await readRun(folder);
  if (run === undefined) {
    throw new UserError('is not a pre-training run', {
      file: checkpoint,
      hint: "Pass a folder written by 'ehmam pretrain --out', or a checkpoint of the official trainer (.pt)",
    });
  }
  const { encoder, teacher: targets, masking } = run.config;
  const settings = { encoder, targets, predictor: predictorOf(run.config), masking };
  const finished = await Promise.all(
    [folder.student, folder.teacher].map((file) => stat(file).catch(() => undefined)),
  );
  if (finished.every((each) => each !== undefined)) {
    const [student, ema] = [await readSafetensors(folder.student), await readSafetensors(folder.teacher)];
    const files = [folder.student, folder.teacher];
    return checked({
      ...settings,
      student: student.tensors,
      teacher: ema.tensors,
      files,
    });
  }
  const { state, file } = await newestState(folder, run);
  return checked({
    ...{ ...settings, files: [file] },
    ...{ student: state.student, teacher: state.teacher },
  });
}

async function readOfficial(file: string): Promise<Pretrained> {
  const { config, topBlocks, student, teacher } = await readOfficialCheckpoint(file);
  if (teacher === undefined)
    throw new UserError('has no teacher weights', {
      file,
      hint: 'Use a checkpoint that the trainer can resume from',
    });
  const masking = { strategy: easyToHard.name, ...maskDefaults, noise: 0.01 };
  return checked({
    ...{ encoder: config, targets: { topBlocks }, predictor: predictorOf({}), masking },
    ...{ student, teacher, files: [file] },
  });
}

/** The parameters that the model has, no others. */
function checked(given: Pretrained): Pretrained {
  const { encoder } = given;
  const taught = { ...encoderSpecs(encoder), ...predictorSpecs(encoder) };
  const pick = (of: HostParameters, specs: typeof taught, whose: string): HostParameters =>
    Object.fromEntries(
      Object.entries(specs).map(([name, { shape }]) => {
        const tensor = of[name];
        if (tensor?.shape.join() === shape.join()) return [name, tensor];
        throw new UserError(`${name} of the ${whose} is missing or has the wrong shape`, {
          file: given.files.join(', '),
          hint: 'An analysis needs decoder, loss predictors and teacher: use the files written by pre-training',
        });
      }),
    );
  const ofTeacher = Object.fromEntries(Object.entries(taught).filter(([name]) => !isLocal(name)));
  return {
    ...given,
    student: pick(given.student, { ...taught, ...decoderSpecs(encoder) }, 'student'),
    teacher: pick(given.teacher, ofTeacher, 'teacher'),
  };
}

/** The hash of its encoder, the student's: that of the SPEC which names the checkpoint. */
export function encoderHashOf({ encoder, student, files }: Pretrained): string {
  const configured = configure(encoder, files.join(', '));
  const parameters = Object.fromEntries(
    Object.keys(configured.specs).map((name) => [name, student[name] as HostTensor]),
  );
  return encoderOf('student', 'student', configured, parameters).hash;
}
