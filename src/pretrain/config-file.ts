/** @file Settings from a file: those it names replace a preset's, and what is wrong with them is named with its line. */
import { dirname, extname } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { moduleFrom } from '../base/module-name.js';
import { closestName } from '../base/names.js';
import { readText } from '../base/text.js';
import { type PretrainConfig, pretrainPresets, pretrainSchema } from './config.js';

type Settings = { readonly [name: string]: unknown };
type Path = readonly PropertyKey[];

/** A file's content, and the line on which a setting stands. */
interface Content {
  readonly value: unknown;
  readonly lineOf: (path: Path) => number | undefined;
}

/** What a file of settings says. */
export interface ConfigFile {
  readonly config: PretrainConfig;
  /** Under `plugins`: absolute paths and names of packages. */
  readonly plugins: readonly string[];
}

/**
 * A preset with the settings of a file in place of its own. Groups are merged setting by setting, lists and values
 * replaced; a group of another `type` (a front end) takes the place of the whole group. `plugins` is no setting: modules to
 * load, paths relative to the file.
 * @param file JSON (by its ending) or YAML
 * @throws UserError with file and line: what cannot be read, an unknown setting (with those there are), a wrong value
 */
export async function withConfigFile(preset: PretrainConfig, file: string): Promise<ConfigFile> {
  const presets = Object.values(pretrainPresets);
  const { settings: config, plugins } = await withSettingsFile(preset, file, pretrainSchema, presets);
  return { config, plugins };
}

/**
 * The same of settings of any kind.
 * @param presets of the kind: they say which settings there are
 */
export async function withSettingsFile<S extends object>(
  preset: S,
  file: string,
  schema: z.ZodType<S>,
  presets: readonly S[],
): Promise<{ readonly settings: S; readonly plugins: readonly string[] }> {
  const text = await readText(file, { hint: 'Give a JSON or YAML file of settings, in UTF-8' });
  const { value, lineOf } = contentOf(text, file);
  if (!isGroup(value)) {
    throw new UserError('holds no settings', {
      file,
      hint: `It must name some of: ${Object.keys(preset).join(', ')}`,
    });
  }
  const { plugins = [], ...settings } = value;
  if (!isModuleList(plugins)) {
    throw new UserError("'plugins' must be a list of paths and names of packages", {
      ...placeOf(['plugins'], file, lineOf),
      hint: 'Write plugins: [./mine.mjs]',
    });
  }
  const parsed = schema.safeParse(merged(preset as Settings, settings));
  if (!parsed.success) throw complaint(parsed.error.issues, [preset, ...presets], file, lineOf);
  return { settings: parsed.data, plugins: plugins.map((module) => moduleFrom(dirname(file), module)) };
}

const isModuleList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((module) => typeof module === 'string' && module !== '');

function placeOf(path: Path, file: string, lineOf: Content['lineOf']): { file: string; line?: number } {
  const line = lineOf(path);
  return line === undefined ? { file } : { file, line };
}

function contentOf(text: string, file: string): Content {
  const counter = new LineCounter();
  // YAML holds JSON: it tells the lines of both.
  const document = parseDocument(text, { lineCounter: counter });
  const lineOf = (path: Path): number | undefined => {
    const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
    const name = path.at(-1);
    const pair = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && key.value === name)
      : undefined;
    const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    if (start !== undefined) return counter.linePos(start).line;
    // An element of a list, or a setting that is not there: the line of what holds it.
    return path.length > 1 ? lineOf(path.slice(0, -1)) : undefined;
  };
  if (extname(file).toLowerCase() === '.json') {
    try {
      return { value: JSON.parse(text), lineOf };
    } catch (error) {
      throw new UserError(`is not JSON (${messageOf(error)})`, { file, cause: error });
    }
  }
  const [error] = document.errors;
  if (error === undefined) return { value: document.toJS(), lineOf };
  const [first = ''] = error.message.split('\n');
  throw new UserError(`is not YAML (${first.replace(/ at line .*$/, '')})`, {
    file,
    line: counter.linePos(error.pos[0]).line,
    cause: error,
  });
}

const isGroup = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(base: Settings, change: Settings): Settings {
  if (change.type !== undefined && change.type !== base.type) return change;
  const entries = Object.entries(change).map(([name, value]) => {
    const old = base[name];
    return [name, isGroup(old) && isGroup(value) ? merged(old, value) : value] as const;
  });
  return { ...base, ...Object.fromEntries(entries) };
}

/** The first thing that is wrong, as one error. */
function complaint(
  issues: readonly z.core.$ZodIssue[],
  presets: readonly object[],
  file: string,
  lineOf: Content['lineOf'],
): UserError {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const name = unknown.keys[0] as string;
    const path = [...unknown.path, name];
    const known = [...settingsAt(presets, unknown.path), ...(unknown.path.length === 0 ? ['plugins'] : [])];
    const close = closestName(name, known);
    return new UserError(`there is no setting '${path.join('.')}'`, {
      ...placeOf(path, file, lineOf),
      hint: `${close === undefined ? '' : `Did you mean '${close}'? `}Settings here: ${known.join(', ')}`,
    });
  }
  const [{ path, message }] = issues as [z.core.$ZodIssue];
  return new UserError(`'${path.join('.')}' cannot be so: ${message}`, {
    ...placeOf(path, file, lineOf),
    hint: `The preset has ${JSON.stringify(valueAt(presets[0], path))}`,
  });
}

const valueAt = (settings: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, name) => (node as Record<PropertyKey, unknown> | undefined)?.[name], settings);

/** Names of the settings of a group; of a front end, those of every kind of front end. */
function settingsAt(presets: readonly object[], path: Path): string[] {
  const groups = presets.map((config) => valueAt(config, path));
  return [...new Set(groups.flatMap((group) => (isGroup(group) ? Object.keys(group) : [])))];
}
