/** @file How long the files of a corpus are: read from their headers on worker threads. */
import { availableParallelism } from 'node:os';
import { audioSeconds } from '../../audio/index.js';
import { messageOf } from '../../base/errors.js';
import { createProgress } from '../../base/progress.js';
import { inThisThread, startThreads, type Threads } from '../../base/threads.js';

/** Seconds, or what is wrong with the file. */
export type DurationAnswer = { readonly seconds: number } | { readonly failure: string };

/** Files a request. */
const batch = 64;

/** What is known of every file, in order; a bar shows the progress. */
export async function readDurations(
  files: readonly string[],
  options: { readonly quiet?: boolean; readonly threads?: number } = {},
): Promise<DurationAnswer[]> {
  const { quiet = false, threads: count = availableParallelism() } = options;
  const threads: Threads<readonly string[], DurationAnswer[]> =
    startThreads(new URL('./duration-thread.js', import.meta.url), count) ?? inThisThread(durationsOf);
  const progress = createProgress('reading headers', files.length, { quiet });
  const starts = Array.from({ length: Math.ceil(files.length / batch) }, (_, i) => i * batch);
  let done = 0;
  try {
    const parts = await Promise.all(
      starts.map(async (start) => {
        const part = await threads.run(files.slice(start, start + batch));
        done += part.length;
        progress.update(done);
        return part;
      }),
    );
    return parts.flat();
  } finally {
    progress.stop();
    await threads.close();
  }
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
