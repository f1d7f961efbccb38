/** @file Keyword spotting: which of a few words an utterance is (SUPERB KS). */
import { classificationTask } from '../classify.js';

export const ks = classificationTask({
  name: 'ks',
  version: 1,
  summary: 'keyword spotting: the word of a one-second clip (column label)',
  columns: ['label'],
});
