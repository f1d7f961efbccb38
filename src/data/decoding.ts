/** @file Decodes utterances on worker threads; in this thread where none is compiled. */
import { inThisThread, startThreads, type Threads } from '../base/threads.js';
import { readUtterance } from './audio.js';
import type { Utterance } from './manifest.js';

export interface DecodeRequest {
  readonly utterance: Utterance;
  readonly longestSeconds: number | undefined;
}

/**
 * Starts threads that decode, each one utterance at a time.
 * @param longestSeconds the most that an utterance may have (default: no limit)
 * @returns gives samples, 16 kHz mono; UserErrors name the manifest's line and the audio file
 */
export function decodePool(threads: number, longestSeconds?: number): Threads<Utterance, Float32Array> {
  const pool =
    startThreads<DecodeRequest, Float32Array>(new URL('./decode-thread.js', import.meta.url), threads) ??
    inThisThread(({ utterance }: DecodeRequest) => readUtterance(utterance, longestSeconds));
  return { run: (utterance) => pool.run({ utterance, longestSeconds }), close: pool.close };
}
