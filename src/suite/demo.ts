/** @file The demo: the mini suite end to end, with two encoders trained first. */
import { availableParallelism } from 'node:os';
import { userCacheFolder } from '../base/files.js';
import { buildMiniSuite } from '../data/mini/build.js';
import { miniTasks } from '../data/mini/plan.js';
import type { StoredRecord } from '../results/index.js';
import { chosenTasks } from './definition.js';
import { type Execution, executeGraph, recordsOf } from './execute.js';
import { planGraph, usualBadShare } from './graph.js';
import { miniPlace } from './named.js';
import { checkWritable } from './plan.js';
import type { Suite } from './schema.js';

export interface DemoOptions {
  /** Records and the two encoders go here. */
  readonly outFolder: string;
  /** Updates of each pre-training. */
  readonly steps: number;
  /** Which of the four (default: all). */
  readonly tasks?: readonly string[] | undefined;
  /** Worker processes (default: one a processor). */
  readonly jobs?: number | undefined;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Told what is to be known of how jobs were done. */
  readonly say: (text: string) => void;
}

/** The two that differ in masking alone. */
const maskings = ['easy-to-hard', 'random'] as const;
const preset = 'tiny';

/**
 * Builds the mini corpus, pre-trains `tiny` with hard and with random masking for equal steps, evaluates both
 * beside `fbank` and the untrained encoder on the four tasks. What is done already is kept.
 * @throws UserError for a task that the mini suite does not have, before anything is made
 */
export async function runDemo(
  options: DemoOptions,
): Promise<Execution & { readonly records: readonly StoredRecord[] }> {
  const { outFolder, quiet, signal } = options;
  const chosen = chosenTasks({ name: 'mini', tasks: miniTasks.map((name) => ({ name })) }, options.tasks);
  await checkWritable(outFolder);
  const { pretrain: manifest, tasks } = await buildMiniSuite({ quiet, signal });
  const suite: Suite = {
    name: 'demo',
    tasks: chosen.map(({ name }) => ({ name, manifest: tasks[name], recordedAs: miniPlace(name) })),
    encoders: [
      ...maskings.map((masking) => ({
        name: `${preset}-${masking}`,
        pretrain: { preset, masking, manifest, split: 'train', steps: options.steps },
      })),
      `random:${preset}`,
      'fbank',
    ],
  };
  const graph = await planGraph(suite, {
    seeds: [1337],
    training: {},
    engine: { name: 'onnx' },
    maxBadShare: usualBadShare,
    plugins: [],
    out: outFolder,
    cacheFolder: userCacheFolder(),
    quiet,
  });
  const jobs = options.jobs ?? availableParallelism();
  const execution = await executeGraph(graph, { jobs, quiet, signal, say: options.say });
  return { ...execution, records: await recordsOf(graph) };
}
