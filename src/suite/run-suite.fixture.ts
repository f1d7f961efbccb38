/** @file Whole suites in this process, for tests: planned and done as `ehmam run` does it. */
import { UserError } from '../base/errors.js';
import type { ResultRecord } from '../results/record.js';
import { executeGraph, recordsOf } from './execute.js';
import { type GraphOptions, planGraph } from './graph.js';
import type { Suite } from './schema.js';

/** What is run, and where; the rest is as small as it goes. */
export type SuiteRequest = Pick<Suite, 'tasks' | 'encoders'> &
  Pick<GraphOptions, 'out' | 'cacheFolder'> &
  Partial<GraphOptions>;

/**
 * Does a suite.
 * @returns the records (encoders in the order given, tasks within them, seeds within those), how many jobs were done, and
 *   what was said of them
 * @throws UserError where something could not be planned or done
 */
export async function runSuite({ tasks, encoders, ...options }: SuiteRequest): Promise<{
  readonly records: readonly ResultRecord[];
  readonly done: number;
  readonly said: readonly string[];
}> {
  const said: string[] = [];
  const graph = await planGraph(
    { name: 'test', tasks, encoders },
    {
      seeds: [1337],
      training: {},
      engine: { name: 'onnx', provider: 'cpu', threads: 1 },
      maxBadShare: 0.001,
      plugins: [],
      quiet: true,
      ...options,
    },
  );
  const { done, summary } = await executeGraph(graph, {
    quiet: true,
    say: (text) => said.push(text),
    signal: new AbortController().signal,
  });
  if (summary !== undefined) throw new UserError(summary);
  return { records: (await recordsOf(graph)).map(({ record }) => record), done, said };
}
