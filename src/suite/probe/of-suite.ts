/** @file The probes that a suite is for a pre-training outside of it: from its file or name. */
import { loadPlugins } from '../../plugins/load.js';
import { loadSuite } from '../definition.js';
import type { LoadSuiteOptions } from '../named.js';
import { trainingOf } from '../training-of.js';
import { type PlannedProbe, planProbes } from './plan.js';

/**
 * Loads a suite with its plug-ins and plans its tasks as probes; the corpus of a named suite is made on first use.
 * @throws UserError as `loadSuite` and `planProbes`
 */
export async function probesOfSuite(
  fileOrName: string,
  limit: number,
  { say, ...loading }: LoadSuiteOptions & { readonly say: (remark: string) => void },
): Promise<readonly PlannedProbe[]> {
  const suite = await loadSuite(fileOrName, loading);
  await loadPlugins(suite.plugins ?? []);
  return planProbes(suite, limit, trainingOf(suite), say);
}
