/** @file The suites that need no file, and the settings that a command line changes of them. */
import { type SettingChange, withChanges } from '../base/changed-settings.js';
import { buildMiniSuite } from '../data/mini/build.js';
import { miniTasks } from '../data/mini/plan.js';
import { buildMiniSuperb, superbTasks } from '../data/mini/superb.js';
import { type Suite, suiteSchema } from './schema.js';

export interface LoadSuiteOptions {
  /** Where a named suite's corpus is kept (default: the user's cache folder). */
  readonly cacheFolder?: string | undefined;
  readonly quiet?: boolean | undefined;
  /** Ends the synthesis of a named suite's corpus. */
  readonly signal?: AbortSignal | undefined;
  /** Settings in place of the suite's; paths in them are relative to its file, as if they stood there. */
  readonly changes?: readonly SettingChange[] | undefined;
}

/** Suites that need no file: their corpora are made on first use. */
export const suiteNames = ['mini', 'mini-superb'] as const;
export type SuiteName = (typeof suiteNames)[number];
export const isSuiteName = (text: string): text is SuiteName =>
  (suiteNames as readonly string[]).includes(text);

/** How records name a manifest of the mini suite, wherever its corpus is kept. */
export const miniPlace = (task: string): string => `mini/${task}.csv`;

/**
 * A named suite without its corpus, which is not made: names stand where manifests will. It has the settings of the suite.
 * @throws UserError for a change that cannot be
 */
export function outlineOfSuite(name: SuiteName, changes: readonly SettingChange[] = []): Suite {
  const tasks: readonly string[] = name === 'mini' ? miniTasks : superbTasks;
  const outline = { ...named(name), tasks: tasks.map((task) => ({ name: task, manifest: task })) };
  return changed(outline, { changes });
}

const named = (name: SuiteName) => ({ name, encoders: ['fbank', 'random:tiny'] });

export async function miniSuite(options: LoadSuiteOptions): Promise<Suite> {
  outlineOfSuite('mini', options.changes);
  const { tasks } = await buildMiniSuite(corpusOptions(options));
  return changed(
    {
      ...named('mini'),
      tasks: miniTasks.map((name) => ({
        name,
        manifest: tasks[name],
        recordedAs: miniPlace(name),
      })),
    },
    options,
  );
}

/** All ten tasks, those of the mini suite among them. */
export async function miniSuperbSuite(options: LoadSuiteOptions): Promise<Suite> {
  outlineOfSuite('mini-superb', options.changes);
  const { tasks, pairs } = await buildMiniSuperb(corpusOptions(options));
  return changed(
    {
      ...named('mini-superb'),
      tasks: superbTasks.map((name) => ({
        name,
        manifest: tasks[name],
        pairs: pairs[name],
        recordedAs: ofMini.has(name) ? miniPlace(name) : `mini-superb/${name}.csv`,
      })),
    },
    options,
  );
}

/** A named suite with changes; where they give a task another manifest, records name that. */
function changed(suite: Suite, { changes = [] }: LoadSuiteOptions): Suite {
  if (changes.length === 0) return suite;
  const tasks = suite.tasks.map(({ recordedAs: _, ...task }) => task);
  const given = withChanges({ ...suite, tasks }, changes, suiteSchema);
  return {
    ...given,
    tasks: given.tasks.map((task) => {
      const own = suite.tasks.find(({ name, manifest }) => name === task.name && manifest === task.manifest);
      return own === undefined ? task : { ...task, recordedAs: own.recordedAs };
    }),
  };
}

const ofMini: ReadonlySet<string> = new Set(miniTasks);

const corpusOptions = ({ cacheFolder, quiet, signal }: LoadSuiteOptions) => ({
  ...(cacheFolder !== undefined && { cacheFolder }),
  ...(quiet !== undefined && { quiet }),
  ...(signal !== undefined && { signal }),
});
