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
    const samples = owned(await readUtterance(utterance));
    const answer: DecodeAnswer = { task, samples };
    port.postMessage(answer, [samples.buffer]);
  } catch (error) {
    const userError = error instanceof UserError ? error.exitCode : undefined;
    const answer: DecodeAnswer = { task, failure: messageOf(error), userError };
    port.postMessage(answer);
  }
});

/** Samples that own their memory, which is handed over and not copied. */
function owned(samples: Float32Array): Float32Array<ArrayBuffer> {
  const { buffer, byteLength } = samples;
  const ownsIt = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return ownsIt ? (samples as Float32Array<ArrayBuffer>) : new Float32Array(samples);
}
