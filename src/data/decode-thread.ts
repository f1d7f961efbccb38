/** @file A thread that decodes the utterances it is sent. */
import { threadWork } from '../base/threads.js';
import { readUtterance } from './audio.js';
import type { DecodeRequest } from './decoding.js';

export default threadWork(
  // A copy that owns its memory, which is handed over and not copied again.
  async ({ utterance, longestSeconds }: DecodeRequest) =>
    Float32Array.from(await readUtterance(utterance, longestSeconds)),
  ({ buffer }) => [buffer],
);
