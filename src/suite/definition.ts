/** @file A suite: tasks with their manifests and settings, from a JSON or YAML file or by name. */
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { buildMiniSuite } from '../data/mini/build.js';
import { messageOf, UserError } from '../errors.js';
import { recordedPath } from '../results/places.js';

const text = z.string().min(1);

const suiteTaskSchema = z.strictObject({
  /** A task's name (asr, ks, sid, ic). */
  name: text,
  /** CSV; relative to the suite file. */
  manifest: text,
  /** The folder its audio paths are relative to (default: the manifest's); relative to the suite file. */
  root: text.optional(),
  /** Settings of the task's head. */
  settings: z.record(z.string(), z.unknown()).optional(),
});

const suiteSchema = z.strictObject({
  name: text,
  tasks: z.array(suiteTaskSchema).min(1),
  /** SPECs; relative paths are relative to the suite file. */
  encoders: z.array(text).default([]),
});

/** One task of a suite; paths are absolute or relative to the working folder. */
export interface SuiteTask {
  readonly name: string;
  readonly manifest: string;
  readonly root?: string | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** How records name the manifest (default: from the working folder, or its name alone). */
  readonly recordedAs?: string | undefined;
}

export interface Suite {
  readonly name: string;
  readonly tasks: readonly SuiteTask[];
  readonly encoders: readonly string[];
}

export interface LoadSuiteOptions {
  /** Where a named suite's corpus is kept (default: the user's cache folder). */
  readonly cacheFolder?: string | undefined;
  readonly quiet?: boolean | undefined;
}

/** Suites that need no file: the corpus of `mini` is made on first use. */
export const suiteNames = ['mini'] as const;

/**
 * The suite of that name, or in that file.
 * @throws UserError for an unknown name and a file that is no suite
 */
export async function loadSuite(fileOrName: string, options: LoadSuiteOptions = {}): Promise<Suite> {
  if (fileOrName === 'mini') return miniSuite(options);
  const content = await readFile(fileOrName, 'utf8').catch((error: unknown) => {
    throw new UserError(`there is no suite '${fileOrName}' (${messageOf(error)})`, {
      mend: `Give a suite file (JSON or YAML) or one of ${suiteNames.join(', ')}`,
      cause: error,
    });
  });
  const parsed = suiteSchema.safeParse(parseText(fileOrName, content));
  if (!parsed.success) {
    const complaints = parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`,
    );
    throw new UserError(`is not a suite: ${complaints.join('; ')}`, {
      file: fileOrName,
      mend: 'A suite has a name, and tasks with name and manifest each',
    });
  }
  const folder = dirname(fileOrName);
  const { name, tasks, encoders } = parsed.data;
  return {
    name,
    tasks: tasks.map((task) => ({
      ...task,
      manifest: resolve(folder, task.manifest),
      recordedAs: recordedPath(task.manifest, folder),
      root: task.root === undefined ? undefined : resolve(folder, task.root),
      settings: task.settings && settingsFrom(folder, task.settings),
    })),
    encoders: encoders.map((spec) => (/^\.{1,2}\//.test(spec) ? resolve(folder, spec) : spec)),
  };
}

/** Settings whose language model's files are found from the suite's folder. */
function settingsFrom(folder: string, settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { lm } = settings;
  if (typeof lm !== 'object' || lm === null) return settings;
  const placed = Object.entries(lm).map(([name, value]: [string, unknown]) =>
    (name === 'arpa' || name === 'lexicon') && typeof value === 'string'
      ? [name, resolve(folder, value)]
      : [name, value],
  );
  return { ...settings, lm: Object.fromEntries(placed) as unknown };
}

function parseText(file: string, content: string): unknown {
  const kind = extname(file).toLowerCase() === '.json' ? 'JSON' : 'YAML';
  try {
    return kind === 'JSON' ? JSON.parse(content) : parseYaml(content);
  } catch (error) {
    throw new UserError(`is not ${kind} (${messageOf(error)})`, { file, cause: error });
  }
}

/** How records name a manifest of the mini suite, wherever its corpus is kept. */
export const miniPlace = (task: string): string => `mini/${task}.csv`;

async function miniSuite({ cacheFolder, quiet }: LoadSuiteOptions): Promise<Suite> {
  const { tasks } = await buildMiniSuite({
    ...(cacheFolder !== undefined && { cacheFolder }),
    ...(quiet !== undefined && { quiet }),
  });
  return {
    name: 'mini',
    tasks: (['asr', 'ks', 'sid', 'ic'] as const).map((name) => ({
      name,
      manifest: tasks[name],
      recordedAs: miniPlace(name),
    })),
    encoders: ['fbank', 'random:tiny'],
  };
}
