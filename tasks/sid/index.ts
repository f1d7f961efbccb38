/** @file Speaker identification: who of the training speakers is talking (SUPERB SID). */
import { classificationTask, type Task, type Utterance } from '../../src/api/index.js';

export const sid = {
  ...classificationTask({
    name: 'sid',
    version: 1,
    summary: 'speaker identification: which of the training speakers speaks (column speaker)',
    title: 'speaker identification',
    columns: ['speaker'],
  }),
  /**
   * s3prl's (downstream/voxceleb1): a fresh random crop of at most 8 s of a training utterance each time that it is drawn
   * (max_timestep 128000), dev and test whole; a classifier of 1251 outputs, whatever speakers there are. Here every longer
   * utterance has four seeded crops whose features are kept, and an epoch takes the next of them: the first four epochs of
   * the 46 that 200,000 updates are have fresh ones, and the encoder sees an utterance at most four times, not 46.
   */
  settings: { superb: { outputs: 1251, crops: { seconds: 8, perUtterance: 4 } } },
  async crop({ train, dev, test }, cropsOf) {
    const cropped: Utterance[] = [];
    for (const utterance of train) cropped.push(...(await cropsOf(utterance)));
    return { train: cropped, dev, test };
  },
} satisfies Task;
