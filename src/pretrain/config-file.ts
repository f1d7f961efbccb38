/** @file Settings from a file: those it names replace a preset's, and what is wrong with them is named with its line. */
import { dirname } from 'node:path';
import { z } from 'zod';
import { moduleFrom } from '../base/module-name.js';
import { type Path, settingsSource } from '../base/source-text.js';
import { readText } from '../base/text.js';
import { checked } from '../base/validation.js';
import { type PretrainConfig, pretrainPresets, pretrainSchema } from './config.js';

type Settings = { readonly [name: string]: unknown };

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
  const text = await readText(file, { hint: 'Pass a JSON or YAML file of settings, in UTF-8' });
  const source = settingsSource(text, file);
  const { plugins, ...changes } = checked(groupSchema, source);
  const settings = checked(schema, source, {
    completed: merged(preset as Settings, changes),
    hintAt: (path) => presetHint(valueAt(preset, path)),
    otherKeys: (path) => [
      ...settingsAt([preset, ...presets], path),
      ...(path.length === 0 ? ['plugins'] : []),
    ],
  });
  return { settings, plugins: plugins.map((module) => moduleFrom(dirname(file), module)) };
}

const presetHint = (value: unknown): string | undefined =>
  value === undefined ? undefined : `The preset has ${JSON.stringify(value)}`;

const groupSchema = z.looseObject({ plugins: z.array(z.string().min(1)).default([]) });

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

const valueAt = (settings: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, name) => (node as Record<PropertyKey, unknown> | undefined)?.[name], settings);

/** Names of the settings of a group in every preset: front ends are of several kinds. */
function settingsAt(presets: readonly object[], path: Path): string[] {
  const groups = presets.map((config) => valueAt(config, path));
  return [...new Set(groups.flatMap((group) => (isGroup(group) ? Object.keys(group) : [])))];
}
