/** @file The progress of a head's training, shown and told. */
import type { HeadWork } from '../api/head-kind.js';
import { createProgress, type Progress } from '../base/progress.js';

/** Shows and tells the progress of a training of so many updates. */
export function trainingProgress(
  { title, quiet, onProgress = () => {} }: HeadWork,
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
