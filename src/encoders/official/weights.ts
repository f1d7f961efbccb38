/** @file Checkpoints of the official trainer (fairseq's data2vec_multi): configuration, student and teacher. */
import { basename, extname } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { HostParameters } from '../../base/host-tensor.js';
import { type TorchFile, withTorchFile } from '../../formats/torch/file.js';
import { isFloating, isTorchTensor, type TorchTensor } from '../../formats/torch/tensor.js';
import { type Checkpoint, checkNames } from '../checkpoint.js';
import { configure } from '../configured.js';
import { summary } from '../huggingface/folder.js';
import { type OfficialSettings, settingsFromOfficial } from './config.js';
import { plainSettings } from './plain-settings.js';

export interface OfficialCheckpoint extends OfficialSettings {
  /** Every parameter of the student: encoder, decoder, loss predictor. */
  readonly student: HostParameters;
  /** The teacher's, under the student's names; undefined in a checkpoint without one. */
  readonly teacher: HostParameters | undefined;
}

/** Whose weights: the student's, or those of the teacher that follows it. */
export type OfficialWeights = 'student' | 'teacher';

/** Where fairseq keeps the teacher, under `model`: a dictionary, or a prefix of names. */
const teacherKey = '_ema';

/**
 * Reads a checkpoint of the official trainer whole.
 * @throws UserError if it is no such checkpoint, is damaged, or names anything to be run
 */
export function readOfficialCheckpoint(file: string): Promise<OfficialCheckpoint> {
  return withTorchFile(file, async (content) => {
    const settings = settingsOf(content, file);
    const { student, teacher } = tensorsOf(content, file);
    return {
      ...settings,
      student: await content.readAll(student),
      teacher: teacher.size === 0 ? undefined : await content.readAll(teacher),
    };
  });
}

/** Parts of the model that are no part of the audio encoder: decoders, loss predictor, other modalities. */
const besidePattern =
  /^(modality_encoders\.(?!AUDIO\.)|modality_encoders\.AUDIO\.(decoder|decoder_pred)\.|shared_decoder\.|recon_proj\.)/;

/** What the teacher has not, because it sees the student's features (fairseq's ema_encoder_only). */
const sharedPattern = /^modality_encoders\.AUDIO\.(local_encoder|project_features)\./;

/**
 * Reads the encoder of the student, or of the teacher, alone: what stands beside it is not read from the disk.
 * @throws UserError as `readOfficialCheckpoint`, and for parameters that are missing or unknown, listing them
 */
export function readOfficialEncoder(file: string, weights: OfficialWeights): Promise<Checkpoint> {
  return withTorchFile(file, async (content) => {
    const cfg = cfgOf(content, file);
    const configured = configure(settingsFromOfficial(cfg, file).config, file);
    const { student, teacher } = tensorsOf(content, file);
    const all = weights === 'teacher' ? teacherOver(student, teacher, file) : student;
    const beside = [...all.keys()].filter((name) => besidePattern.test(name));
    const own = new Map([...all].filter(([name]) => !besidePattern.test(name)));
    checkNames(own.keys(), configured.specs, file);
    const name = basename(file, extname(file));
    return {
      name: weights === 'teacher' ? `${name}-teacher` : name,
      configured,
      tensors: await content.readAll(own),
      file,
      origin: { format: `torch checkpoint (${weights})`, files: [file], training: cfg },
      notes: beside.length > 0 ? [`ignored, because not part of the encoder: ${summary(beside, 3)}`] : [],
    };
  });
}

/** The teacher's parameters, with the student's where they share them. */
function teacherOver(
  student: ReadonlyMap<string, TorchTensor>,
  teacher: ReadonlyMap<string, TorchTensor>,
  file: string,
): Map<string, TorchTensor> {
  if (teacher.size === 0) {
    throw new UserError('has no teacher weights', { file, hint: 'Remove --weights to load the student' });
  }
  const shared = [...student].filter(([name]) => sharedPattern.test(name));
  return new Map([...shared, ...teacher]);
}

function settingsOf(content: TorchFile, file: string): OfficialSettings {
  return settingsFromOfficial(cfgOf(content, file), file);
}

/** `cfg`, or the `args` of older trainers, whose settings lie in one level. */
function cfgOf({ root }: TorchFile, file: string): object {
  const settings = root instanceof Map ? plainSettings(root.get('cfg') ?? root.get('args') ?? null) : null;
  if (typeof settings !== 'object' || settings === null) throw notOfficial('neither cfg nor args', file);
  return 'model' in settings ? settings : { model: settings, task: settings };
}

function tensorsOf({ root }: TorchFile, file: string) {
  const model: unknown = root instanceof Map ? root.get('model') : undefined;
  if (!(model instanceof Map)) throw notOfficial('no parameters under model', file);
  const student = new Map<string, TorchTensor>();
  const teacher = new Map<string, TorchTensor>();
  const sort = (name: string, value: unknown, isTeacher: boolean): void => {
    if (!isTorchTensor(value) || !isFloating(value)) return;
    (isTeacher ? teacher : student).set(name, value);
  };
  for (const [key, value] of model as Map<unknown, unknown>) {
    const name = String(key);
    if (name === teacherKey && value instanceof Map) {
      for (const [inner, tensor] of value as Map<unknown, unknown>) sort(String(inner), tensor, true);
    } else if (name.startsWith(`${teacherKey}.`)) {
      sort(name.slice(teacherKey.length + 1), value, true);
    } else {
      sort(name, value, false);
    }
  }
  return { student, teacher };
}

function notOfficial(lacks: string, file: string): UserError {
  return new UserError(`is a torch file, but not a checkpoint of the official trainer: it has ${lacks}`, {
    file,
    hint: 'Pass a checkpoint of EH-MAM or data2vec 2.0 as written by fairseq',
  });
}
