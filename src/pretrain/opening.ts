/** @file Checks the folder of a run: one that is free, or one that holds this very run, to go on with. */
import { UserError } from '../base/errors.js';
import { checkpointUpdates } from '../training/keep-by-updates.js';
import { type PretrainConfig, pretrainSchema } from './config.js';
import { type RunFolder, readConfig } from './run-folder.js';

/**
 * Checks that a run may go into a folder.
 * @throws UserError when the folder holds another run, or this one and it is not to be gone on with
 */
export async function checkFolder(folder: RunFolder, config: PretrainConfig, resume: boolean): Promise<void> {
  const known = await readConfig(folder);
  if (known === undefined) {
    if ((await checkpointUpdates(folder.checkpoints)).length === 0) return;
    throw new UserError('holds checkpoints, but not their config.json', {
      file: folder.path,
      mend: 'Choose another --out',
    });
  }
  if (!resume) {
    throw new UserError('holds a pre-training run already', {
      file: folder.path,
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
}
