/** @file Checks the folder of a run: one that is free, or one that holds this very run, to go on with. */
import { UserError } from '../base/errors.js';
import { checkpointUpdates } from '../training/keep-by-updates.js';
import { pretrainSchema } from './config.js';
import { dataDifference, type RunData } from './run-data.js';
import { type Run, type RunFolder, readRun } from './run-folder.js';
import { listed, settingDifferences } from './setting-differences.js';
import { startDifference } from './start-origin.js';

/**
 * Checks that a run may go into a folder.
 * @param say told where it cannot be known whether the data is that which the run began with
 * @throws UserError when the folder holds another run, or this one and it is not to be gone on with; it says what differs
 */
export async function checkFolder(
  folder: RunFolder,
  wanted: Run,
  resume: boolean,
  say: (remark: string) => void,
): Promise<void> {
  const begun = await readRun(folder);
  if (begun === undefined) {
    if ((await checkpointUpdates(folder.checkpoints)).length === 0) return;
    throw new UserError('contains checkpoints, but no config.json', {
      file: folder.path,
      hint: 'Choose another --out',
    });
  }
  if (!resume) {
    throw new UserError('already contains a pre-training run', {
      file: folder.path,
      hint: 'Continue it with --resume, or choose another --out',
    });
  }
  const settings = settingDifferences(begun.config, pretrainSchema.parse(wanted.config));
  if (settings.length > 0) {
    throw new UserError(`the run in this folder has different settings: ${listed(settings)}`, {
      file: folder.config,
      hint: 'Resume with the same preset and options, or choose another --out',
    });
  }
  const start = startDifference(begun.init, wanted.init);
  if (start !== undefined) {
    throw new UserError(`the run in this folder has a different start: ${start}`, {
      file: folder.config,
      hint: `Resume ${begun.init === undefined ? 'without --init' : `with --init ${begun.init.spec}`}, or choose another --out`,
    });
  }
  checkData(folder, begun.data, wanted.data, say);
}

function checkData(
  { config: file }: RunFolder,
  begun: RunData | undefined,
  now: RunData,
  say: (remark: string) => void,
): void {
  if (begun === undefined) {
    say(
      `${file} was written by an earlier version and does not name the data of the run: assuming ${now.manifest}`,
    );
    return;
  }
  const difference = dataDifference(begun, now);
  if (difference === undefined) return;
  throw new UserError(`the run in this folder was started on different data: ${difference}`, {
    file,
    hint: `Resume with the manifest and split of its start (${begun.manifest}; it may have moved), or choose another --out`,
  });
}
