/** @file How far a training of a head has come: shown, and told to whoever asked. */
import type { HeadWork } from '../api/head-kind.js';
import { createProgress, type Progress } from '../base/progress.js';

/** Shows and tells the progress of a training of so many updates. */
export function trainingProgress(
  { title, quiet, onProgress = () => {} }: Pick<HeadWork, 'title' | 'quiet' | 'onProgress'>,
  updates: number,
  initial: number,
): Progress {
  const shown = createProgress(title, updates, { quiet, initial });
  return {
    update: (done, note) => {
      shown.update(done, note);
      onProgress(done / updates, note);
    },
    stop: shown.stop,
  };
}
