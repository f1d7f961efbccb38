/** @file Speaker identification: who of the training speakers is talking (SUPERB SID). */
import { classificationTask, type Task, type Utterance } from '../../src/api/index.js';

export const sid = {
  ...classificationTask({
    name: 'sid',
    version: 1,
    summary: 'speaker identification: which training speaker talks (column speaker)',
    columns: ['speaker'],
  }),
  /**
   * s3prl cuts a fresh random crop of at most 8 s out of a training utterance each time that it is drawn
   * (downstream/voxceleb1: max_timestep 128000), dev and test stay whole. Here every longer one has four seeded crops,
   * whose features are kept, and each time that it is drawn one of them is taken.
   */
  settings: { superb: { crops: { seconds: 8, perUtterance: 4 } } },
  async crop({ train, dev, test }, cropsOf) {
    const cropped: Utterance[] = [];
    for (const utterance of train) cropped.push(...(await cropsOf(utterance)));
    return { train: cropped, dev, test };
  },
} satisfies Task;
