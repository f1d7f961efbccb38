/** @file The probes that a suite is for a pre-training outside of it: from its file or name. */
import { searchedRates } from '../../heads/rates.js';
import { loadPlugins } from '../../plugins/load.js';
import { type LoadSuiteOptions, loadSuite, type Suite } from '../definition.js';
import type { Training } from '../plan.js';
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

/** How a suite itself says that heads are trained. */
function trainingOf({ preset, lr }: Suite): Training {
  const learningRates = lr === undefined ? undefined : lr === 'search' ? searchedRates : [lr];
  return { preset, learningRates };
}
