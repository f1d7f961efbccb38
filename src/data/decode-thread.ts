/** @file A thread that decodes the utterances it is sent, one after the other. */
import { parentPort } from 'node:worker_threads';
import { messageOf, UserError } from '../errors.js';
import { readUtterance } from './audio.js';
import type { Utterance } from './manifest.js';

export interface DecodeRequest {
  readonly task: number;
  readonly utterance: Utterance;
}

export type DecodeAnswer = { readonly task: number } & (
  | { readonly samples: Float32Array<ArrayBuffer> }
  | { readonly failure: string; readonly userError: 1 | 2 | undefined }
);

const port = parentPort;
port?.on('message', async ({ task, utterance }: DecodeRequest) => {
  try {
    // A copy that owns its memory, which is handed over and not copied again.
    const samples = Float32Array.from(await readUtterance(utterance));
    const answer: DecodeAnswer = { task, samples };
    port.postMessage(answer, [samples.buffer]);
  } catch (error) {
    const userError = error instanceof UserError ? error.exitCode : undefined;
    const answer: DecodeAnswer = { task, failure: messageOf(error), userError };
    port.postMessage(answer);
  }
});
