/** @file How long the files of a corpus are: read from their headers on worker threads. */
import { availableParallelism } from 'node:os';
import { audioSeconds, audioSecondsOfBytes } from '../../audio/index.js';
import { messageOf } from '../../base/errors.js';
import { createProgress } from '../../base/progress.js';
import { inThisThread, startThreads, type Threads } from '../../base/threads.js';

/** Seconds, or what is wrong with the file. */
export type DurationAnswer = { readonly seconds: number } | { readonly failure: string };

/** A file by its path, or audio that is held, with a name for messages. */
export type Measurable = string | { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> };

/** Files a request. */
const batch = 64;

/** What is known of every file, in order; a bar shows the progress. */
export async function readDurations(
  files: readonly string[],
  options: { readonly quiet?: boolean; readonly threads?: number } = {},
): Promise<DurationAnswer[]> {
  const { quiet = false, threads } = options;
  const meter = durationMeter(threads);
  const progress = createProgress('reading headers', files.length, { quiet });
  const starts = Array.from({ length: Math.ceil(files.length / batch) }, (_, i) => i * batch);
  let done = 0;
  try {
    const parts = await Promise.all(
      starts.map(async (start) => {
        const part = await meter.measure(files.slice(start, start + batch));
        done += part.length;
        progress.update(done);
        return part;
      }),
    );
    return parts.flat();
  } finally {
    progress.stop();
    await meter.close();
  }
}

export interface DurationMeter {
  /** How long each is. What is held is given away. */
  measure(all: readonly Measurable[]): Promise<DurationAnswer[]>;
  close(): Promise<void>;
}

/** Starts the threads. */
export function durationMeter(threads = availableParallelism()): DurationMeter {
  const pool: Threads<readonly Measurable[], DurationAnswer[]> =
    startThreads(new URL('./duration-thread.js', import.meta.url), threads) ?? inThisThread(durationsOf);
  return {
    measure: (all) =>
      pool.run(
        all,
        all.flatMap((each) => (typeof each === 'string' ? [] : [each.bytes.buffer])),
      ),
    close: () => pool.close(),
  };
}

/** How long each of these is. */
export async function durationsOf(all: readonly Measurable[]): Promise<DurationAnswer[]> {
  const answers: DurationAnswer[] = [];
  for (const each of all) {
    const name = typeof each === 'string' ? each : each.name;
    const seconds = typeof each === 'string' ? audioSeconds(each) : audioSecondsOfBytes(each.bytes, name);
    answers.push(
      await seconds.then(
        (value) => (value > 0 ? { seconds: value } : { failure: `${name}: the audio file has no samples` }),
        (error: unknown) => ({ failure: messageOf(error) }),
      ),
    );
  }
  return answers;
}
