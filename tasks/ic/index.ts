/** @file Intent classification: action, object and location of a command, all three right (SUPERB IC). */
import { classificationTask } from '../../src/api/index.js';

export const ic = classificationTask({
  name: 'ic',
  version: 1,
  summary: 'intent classification: action, object and location of a command (columns intent.*)',
  title: 'intent classification',
  columns: ['intent.action', 'intent.object', 'intent.location'],
});
