/** @file What a training of a head is given beside its model: engine, data, judge, and how it is kept. */
import type { Split, TaskMetric } from '../api/task.js';
import { createProgress, type Progress } from '../base/progress.js';
import type { Engine } from '../engine/engine.js';

/** How a training is kept while it is not done. Whoever takes its result removes the file. */
export interface Keeping {
  readonly file: string;
  /** All that decides the result beside what training itself is given: encoder, data, task, engine. */
  readonly origin: Readonly<Record<string, unknown>>;
  /** The file is written no more often than this, and takes no more than a twentieth of the time; 0: at every safe place. */
  readonly everySeconds: number;
  /** When it is aborted, training writes its state at the next safe place and throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a training goes on from, and why not from a file that is there. */
  readonly say?: ((remark: string) => void) | undefined;
}

/** The part of a head's work that training itself needs. */
export interface TrainingWork {
  readonly engine: Engine;
  readonly features: { readonly layers: number; readonly dim: number };
  /** Where each split's utterances stand in the features. */
  readonly places: Readonly<Record<Split, readonly number[]>>;
  /** Decides which checkpoint is best on dev. */
  readonly metric: TaskMetric;
  /** For progress and errors: `ks head of tiny`. */
  readonly title: string;
  readonly quiet: boolean;
  /** Told how much of the training is done, from 0 to 1. */
  readonly onProgress?: ((share: number, note?: string) => void) | undefined;
  /** If set, an interrupted training goes on from where it was. */
  readonly keeping?: Keeping | undefined;
}

/** Shows and tells the progress of a training of so many updates. */
export function trainingProgress(
  { title, quiet, onProgress = () => {} }: Pick<TrainingWork, 'title' | 'quiet' | 'onProgress'>,
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
