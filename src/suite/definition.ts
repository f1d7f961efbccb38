/** @file A suite: tasks with their manifests and settings, from a JSON or YAML file or by name. */
import { dirname, resolve } from 'node:path';
import { withChanges } from '../base/changed-settings.js';
import { messageOf, UserError } from '../base/errors.js';
import { systemCode } from '../base/files.js';
import { moduleFrom } from '../base/module-name.js';
import { hintOfName } from '../base/names.js';
import { settingsSource } from '../base/source-text.js';
import { readText } from '../base/text.js';
import { checked } from '../base/validation.js';
import { recordedPath } from '../results/places.js';
import { entryFrom } from './finetune-definition.js';
import { type LoadSuiteOptions, miniSuite, miniSuperbSuite, suiteNames } from './named.js';
import { type AnalysisOfRun, type Suite, type SuitePretraining, suiteSchema } from './schema.js';

/**
 * The suite of that name, or in that file.
 * @throws UserError for an unknown name, a file that is no suite, and a change that cannot be
 */
export async function loadSuite(fileOrName: string, options: LoadSuiteOptions = {}): Promise<Suite> {
  if (fileOrName === 'mini') return miniSuite(options);
  if (fileOrName === 'mini-superb') return miniSuperbSuite(options);
  const content = await readText(fileOrName, { hint: 'Save it as JSON or YAML in UTF-8' }).catch((error) => {
    // Other faults than a file that is not there name themselves.
    if (systemCode(error instanceof Error ? error.cause : error) === undefined) throw error;
    throw new UserError(`unknown suite '${fileOrName}' (${messageOf(error.cause)})`, {
      hint: `Expected a suite file (JSON or YAML) or one of ${suiteNames.join(', ')}`,
      cause: error,
    });
  });
  const source = settingsSource(content, fileOrName);
  const folder = dirname(fileOrName);
  const { changes = [] } = options;
  const { tasks, encoders, finetune, plugins, ...others } = withChanges(
    checked(suiteSchema, source),
    changes,
    suiteSchema,
  );
  return {
    ...others,
    tasks: tasks.map((task, i) => ({
      ...task,
      // What the command line changed stands in no file.
      ...(changes.length === 0 && {
        settingsSource: { file: source.file, positionOf: source.positionOf, at: ['tasks', i, 'settings'] },
      }),
      manifest: resolve(folder, task.manifest),
      recordedAs: recordedPath(task.manifest, folder),
      root: task.root === undefined ? undefined : resolve(folder, task.root),
      pairs: task.pairs === undefined ? undefined : resolve(folder, task.pairs),
      folder: resolve(folder),
    })),
    plugins: plugins.map((module) => moduleFrom(folder, module)),
    encoders: encoders.map((encoder) =>
      typeof encoder === 'string' ? specFrom(folder, encoder) : pretrainingFrom(folder, encoder),
    ),
    finetune: finetune.map((entry) => entryFrom(folder, entry, specFrom)),
  };
}

/** A SPEC that begins with ./ or ../, found from a folder. */
export const specFrom = (folder: string, spec: string): string =>
  /^\.{1,2}\//.test(spec) ? resolve(folder, spec) : spec;

function pretrainingFrom(folder: string, { name, pretrain }: SuitePretraining): SuitePretraining {
  const { manifest, root, config, init, analysis } = pretrain;
  return {
    name,
    pretrain: {
      ...pretrain,
      manifest: resolve(folder, manifest),
      ...(root !== undefined && { root: resolve(folder, root) }),
      ...(config !== undefined && { config: resolve(folder, config) }),
      ...(init !== undefined && { init: specFrom(folder, init) }),
      ...(analysis !== undefined && { analysis: analysisFrom(folder, analysis) }),
    },
  };
}

/** An analysis with its files found from a folder. */
export const analysisFrom = (folder: string, analysis: AnalysisOfRun): AnalysisOfRun => ({
  ...analysis,
  manifest: resolve(folder, analysis.manifest),
  ...(analysis.root !== undefined && { root: resolve(folder, analysis.root) }),
});

/**
 * The tasks of these names, in their order; all where none are named.
 * @throws UserError for a name that the suite does not have
 */
export function chosenTasks<T extends { readonly name: string }>(
  suite: { readonly name: string; readonly tasks: readonly T[] },
  names: readonly string[] | undefined,
): readonly T[] {
  if (names === undefined) return suite.tasks;
  return names.map((name) => {
    const task = suite.tasks.find((one) => one.name === name);
    if (task !== undefined) return task;
    const known = suite.tasks.map((one) => one.name);
    throw new UserError(`the suite '${suite.name}' has no task '${name}'`, { hint: hintOfName(name, known) });
  });
}
