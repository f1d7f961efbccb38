/** @file `ehmam validate`: whether a manifest or results are what they should be, before anyone builds on them. */
import { UserError } from '../base/errors.js';
import { type CommandIo, defineCommand } from './command.js';

export const validateCommand = defineCommand({
  usage: 'validate [results..]',
  summary: 'Check a manifest for a task, or results and their predictions',
  positionals: {
    results: { type: 'string', array: true, describe: 'Result folders or record.json files' },
  },
  options: {
    task: { type: 'string', describe: 'Name of the task, such as ks' },
    manifest: { type: 'string', describe: 'Manifest (CSV) of its utterances' },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's folder)" },
    pairs: { type: 'string', describe: 'CSV of the pairs, for tasks on pairs: trials.csv' },
    deep: { type: 'boolean', default: false, describe: 'Also decode every audio file' },
  },
  examples: [
    ['validate --task ks --manifest words.csv --deep', 'All problems, and utterances that splits share'],
    ['validate results/demo', 'All results in a folder, all lines of predictions'],
  ],
  async run({ results = [], task, manifest, root, pairs, deep }, io) {
    if (results.length > 0 && task === undefined && manifest === undefined)
      return validateResults(results, io);
    if (results.length > 0 || task === undefined || manifest === undefined) {
      throw new UserError('pass either result folders, or both --task and --manifest');
    }
    const { checkTaskManifest, reportText } = await import('./validate/task-manifest.js');
    const report = await checkTaskManifest({ task, manifest, root, pairs, deep });
    io.print(io.json ? JSON.stringify(report, null, 2) : reportText(report));
    return report.problems.length === 0 ? 0 : 2;
  },
});

async function validateResults(results: readonly string[], io: CommandIo): Promise<number> {
  const { checkResults } = await import('./validate/results.js');
  const check = await checkResults(results);
  if (io.json) io.print(JSON.stringify(check, null, 2));
  else {
    for (const fault of check.faults) io.print(fault);
    io.print(`${check.records} records, ${check.predictions} predictions, ${check.faults.length} faults`);
  }
  return check.faults.length === 0 ? 0 : 2;
}
