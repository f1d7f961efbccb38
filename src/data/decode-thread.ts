/** @file A thread that decodes the utterances it is sent. */
import { threadWork } from '../base/threads.js';
import { readUtterance } from './audio.js';
import type { Utterance } from './manifest.js';

export default threadWork(
  // A copy that owns its memory, which is handed over and not copied again.
  async (utterance: Utterance) => Float32Array.from(await readUtterance(utterance)),
  ({ buffer }) => [buffer],
);
