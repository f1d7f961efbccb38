/** @file Speaker identification: who of the training speakers is talking (SUPERB SID). */
import { classificationTask } from '../classify.js';

export const sid = classificationTask({
  name: 'sid',
  version: 1,
  summary: 'speaker identification: which training speaker talks (column speaker)',
  columns: ['speaker'],
});
