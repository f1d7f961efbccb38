/** @file Opens the folder of a run: one that is free, or one that holds this very run, to go on with. */
import { rename } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { removeUnfinished } from '../base/files.js';
import { readSafetensors } from '../formats/safetensors.js';
import {
  checkpointFile,
  checkpointSteps,
  type RunFolder,
  readConfig,
  runFolder,
  stateFrom,
  trimLog,
  writeConfig,
} from './checkpoint.js';
import { type PretrainConfig, pretrainSchema } from './config.js';
import type { TrainingState } from './step.js';

export interface OpenedRun {
  readonly folder: RunFolder;
  /** Updates done. */
  readonly done: number;
  /** The state after them. */
  readonly state: TrainingState;
  /** Makes the folder this run's, and takes away what will be written again. Until then nothing is written. */
  readonly begin: () => Promise<void>;
}

export interface OpeningOptions {
  readonly config: PretrainConfig;
  readonly out: string;
  readonly resume: boolean;
  /** Told of damage that was passed over. */
  readonly say: (remark: string) => void;
}

/**
 * Opens a run.
 * @param start the state before the first update
 * @throws UserError when the folder holds another run, a checkpoint of other parameters, or no checkpoint that is whole
 */
export async function openRun(options: OpeningOptions, start: TrainingState): Promise<OpenedRun> {
  const { config, out, resume } = options;
  const folder = runFolder(out);
  const known = await readConfig(folder);
  const steps = await checkpointSteps(folder);
  if (known === undefined) {
    if (steps.length > 0)
      throw new UserError('holds checkpoints, but not their config.json', {
        file: out,
        mend: 'Choose another --out',
      });
    return { folder, done: 0, state: start, begin: () => beginAt(folder, config, 0, []) };
  }
  if (!resume) {
    throw new UserError('holds a pre-training run already', {
      file: out,
      mend: 'Go on with it by --resume, or choose another --out',
    });
  }
  // Parsed, so that the order of keys does not matter.
  if (JSON.stringify(known) !== JSON.stringify(pretrainSchema.parse(config))) {
    throw new UserError('the run in this folder has other settings', {
      file: folder.config,
      mend: 'Resume with the same preset and options, or choose another --out',
    });
  }
  const { done, state, damaged } = await newestWhole(folder, steps, start, options.say);
  return { folder, done, state, begin: () => beginAt(folder, config, done, damaged) };
}

/** The newest checkpoint that can be read, and the newer ones that cannot. */
async function newestWhole(
  folder: RunFolder,
  steps: readonly number[],
  start: TrainingState,
  say: (remark: string) => void,
): Promise<{ readonly done: number; readonly state: TrainingState; readonly damaged: readonly number[] }> {
  const damaged: number[] = [];
  let newest: unknown;
  for (const step of [...steps].reverse()) {
    const file = checkpointFile(folder, step);
    const read = await readSafetensors(file).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      newest ??= error;
      damaged.push(step);
      return undefined;
    });
    if (read === undefined) continue;
    const state = stateFrom(read.tensors, start, file);
    if (newest !== undefined) say(`${messageOf(newest)}. Going on from step ${step}`);
    return { done: step, state, damaged };
  }
  if (newest !== undefined) throw newest;
  return { done: 0, state: start, damaged };
}

async function beginAt(
  folder: RunFolder,
  config: PretrainConfig,
  done: number,
  damaged: readonly number[],
): Promise<void> {
  await writeConfig(folder, config);
  for (const place of [folder.path, folder.checkpoints]) await removeUnfinished(place);
  for (const step of damaged) {
    const file = checkpointFile(folder, step);
    await rename(file, `${file}.damaged`);
  }
  await trimLog(folder, done);
}
