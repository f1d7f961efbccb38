/** @file A thread that says how long audio files are. */
import { parentPort } from 'node:worker_threads';
import { audioSeconds } from '../../audio/index.js';
import { messageOf } from '../../errors.js';

export interface DurationRequest {
  readonly task: number;
  readonly files: readonly string[];
}

/** Seconds, or what is wrong with the file. */
export type DurationAnswer = { readonly seconds: number } | { readonly failure: string };

export interface DurationAnswers {
  readonly task: number;
  readonly answers: readonly DurationAnswer[];
}

/** How long each of these files is. */
export async function durationsOf(files: readonly string[]): Promise<DurationAnswer[]> {
  const answers: DurationAnswer[] = [];
  for (const file of files) {
    answers.push(
      await audioSeconds(file).then(
        (seconds) => (seconds > 0 ? { seconds } : { failure: `${file}: the audio file holds no samples` }),
        (error: unknown) => ({ failure: messageOf(error) }),
      ),
    );
  }
  return answers;
}

const port = parentPort;
port?.on('message', async ({ task, files }: DurationRequest) => {
  const message: DurationAnswers = { task, answers: await durationsOf(files) };
  port.postMessage(message);
});
