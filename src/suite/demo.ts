/** @file The demo: the mini suite end to end, from synthesis to the table's records. */
import { join } from 'node:path';
import { buildMiniSuite } from '../data/mini/build.js';
import type { ResultRecord } from '../results/record.js';
import { compareMaskings } from './maskings.js';
import { checkWritable } from './plan.js';

export interface DemoOptions {
  /** Records and the two encoders go here. */
  readonly outFolder: string;
  /** Where the corpus and features are kept (default: the user's cache folder). */
  readonly cacheFolder?: string | undefined;
  /** Updates of each pre-training (default: the preset's). */
  readonly steps?: number | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/**
 * Builds the mini corpus, pre-trains `tiny` with hard and with random masking for equal steps, evaluates both
 * beside `fbank` and the untrained encoder on the four tasks. What is done already is kept.
 * @returns the records; undefined when it was interrupted
 */
export async function runDemo(options: DemoOptions): Promise<readonly ResultRecord[] | undefined> {
  const { outFolder, cacheFolder, quiet } = options;
  await checkWritable(outFolder);
  const corpus = await buildMiniSuite({ ...(cacheFolder !== undefined && { cacheFolder }), quiet });
  return compareMaskings({
    ...options,
    pretrain: corpus.pretrain,
    tasks: Object.entries(corpus.tasks).map(([name, manifest]) => ({ name, manifest })),
    encodersFolder: join(outFolder, 'encoders'),
  });
}
