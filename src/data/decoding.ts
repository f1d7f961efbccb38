/** @file Decodes utterances on worker threads; in this thread where none is compiled. */
import { inThisThread, startThreads, type Threads } from '../base/threads.js';
import { readUtterance } from './audio.js';
import type { Utterance } from './manifest.js';

/**
 * Starts threads that decode, each one utterance at a time.
 * @returns gives samples, 16 kHz mono; UserErrors name the manifest's line and the audio file
 */
export function decodePool(threads: number): Threads<Utterance, Float32Array> {
  return (
    startThreads(new URL('./decode-thread.js', import.meta.url), threads) ??
    inThisThread((utterance) => readUtterance(utterance))
  );
}
