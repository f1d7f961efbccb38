/** @file `ehmam validate`: checks a manifest for a task before any work. */
import { defineCommand } from './command.js';
import { listOf } from './lists.js';
import { taskPluginOption } from './plugin-option.js';

export const validateCommand = defineCommand({
  usage: 'validate',
  summary: 'Check a manifest for a task before any work',
  positionals: {},
  options: {
    task: { type: 'string', demandOption: true, describe: 'Name of the task: ks' },
    manifest: { type: 'string', demandOption: true, describe: 'CSV with its utterances' },
    root: { type: 'string', describe: "Folder of the audio (default: the manifest's)" },
    deep: { type: 'boolean', default: false, describe: 'Decode every audio file too' },
    plugin: taskPluginOption,
  },
  examples: [['validate --task ks --manifest words.csv --deep', 'Every problem, and what the splits share']],
  async run(args, io) {
    const { checkTaskManifest, reportText } = await import('./validate/task-manifest.js');
    const { loadTasks } = await import('../../tasks/plugin.js');
    const { task, manifest, root, deep } = args;
    const tasks = await loadTasks(listOf(args.plugin, 'plugin') ?? []);
    const report = await checkTaskManifest({ task, manifest, root, deep, tasks });
    io.print(io.json ? JSON.stringify(report, null, 2) : reportText(report));
    return report.problems.length === 0 ? 0 : 1;
  },
});
