/** @file Settings that the command line changes one by one: `--set tasks.ks.settings.maximumUpdates=1000`. */
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { messageOf, UserError } from './errors.js';
import { hintOfName } from './names.js';
import { expectedText } from './validation.js';

/** One `--set KEY=VALUE`. */
export interface SettingChange {
  /** As it was written: `batch.size`. */
  readonly key: string;
  readonly value: unknown;
}

/**
 * What `--set` options say, in their order. A value is YAML: a number, a word, `[0.1, 0.01]`, `null`.
 * @throws UserError for a word without `=`, an empty key, a missing value, and what is no YAML
 */
export function parseChanges(words: readonly string[] | undefined): readonly SettingChange[] {
  return (words ?? []).map((word) => {
    const at = word.indexOf('=');
    const key = word.slice(0, at).trim();
    if (at < 0 || key.split('.').includes(''))
      throw new UserError(`--set '${word}': expected KEY=VALUE, such as batch.size=4`);
    const text = word.slice(at + 1).trim();
    if (text === '')
      throw new UserError(`--set ${key}: the value is missing`, { hint: 'Write null for none' });
    try {
      return { key, value: parseYaml(text) as unknown };
    } catch (error) {
      const [first = ''] = messageOf(error).split('\n');
      throw new UserError(`--set ${key}: '${text}' is not YAML (${first.replace(/ at line .*$/, '')})`, {
        hint: `Put quotes inside the shell's: --set "${key}='...'"`,
        cause: error,
      });
    }
  });
}

/**
 * Settings with changes applied in their order, checked. A value takes the whole place of what stood there. Entries of lists are found
 * by their `name`, or by their place from 0.
 * @param settings valid ones: preset and file are merged already
 * @param schema of the whole; it says which settings there are
 * @throws UserError for a setting that does not exist (with the one that may be meant) and for a value that may not stand there
 */
export function withChanges<T>(
  settings: unknown,
  changes: readonly SettingChange[],
  schema: z.ZodType<T>,
): T {
  if (changes.length === 0) return settings as T;
  const shape = shapeOf(schema);
  const changed = changes.reduce(
    (whole, change) => changedAt(whole, shape, change.key.split('.'), { ...change, before: [] }),
    settings,
  );
  const parsed = schema.safeParse(changed, { error: expectedText });
  if (parsed.success) return parsed.data;
  throw complaint(parsed.error.issues, changes, settings);
}

const shapeOf = (schema: z.ZodType): Shape =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;

/** The part of JSON Schema that says which names there are. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly items?: boolean | Shape;
  readonly prefixItems?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly type?: string;
}

/** A change on its way down, with the names passed already. */
interface Descent extends SettingChange {
  readonly before: readonly string[];
}

/** A copy with the value at a path changed. */
function changedAt(value: unknown, shape: Shape, path: readonly string[], change: Descent): unknown {
  const [name] = path;
  if (name === undefined) return change.value;
  if (Array.isArray(value)) return changedInList(value, shape, path, change);
  if (value !== undefined && value !== null && typeof value !== 'object')
    throw new UserError(`--set ${change.key}: '${change.before.join('.')}' has no settings inside`, {
      hint: `It is ${JSON.stringify(value)}`,
    });
  const group = (value ?? {}) as Readonly<Record<string, unknown>>;
  const within = memberShape(shape, name);
  if (within === undefined) {
    const known = [...new Set([...Object.keys(group), ...namesOf(shape)])];
    throw unknownName(change, name, known);
  }
  const inner = changedAt(group[name], within, path.slice(1), {
    ...change,
    before: [...change.before, name],
  });
  return { ...group, [name]: inner };
}

function changedInList(
  list: readonly unknown[],
  shape: Shape,
  path: readonly string[],
  change: Descent,
): unknown[] {
  // Names may have dots: the longest that fits is meant.
  for (let length = path.length; length > 0; length--) {
    const name = path.slice(0, length).join('.');
    const at = placeIn(list, name);
    if (at < 0) continue;
    const inner = changedAt(list[at], itemShape(shape, at), path.slice(length), {
      ...change,
      before: [...change.before, name],
    });
    return list.map((entry, i) => (i === at ? inner : entry));
  }
  const names = list.map((entry, i) => nameOf(entry) ?? String(i));
  throw unknownName(change, path[0] as string, names);
}

const nameOf = (entry: unknown): string | undefined => {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { name } = entry as { readonly name?: unknown };
  return typeof name === 'string' ? name : undefined;
};

function placeIn(list: readonly unknown[], name: string): number {
  const named = list.findIndex((entry) => nameOf(entry) === name);
  if (named >= 0) return named;
  return /^\d{1,6}$/.test(name) && Number(name) < list.length ? Number(name) : -1;
}

const alternativesOf = (shape: Shape): readonly Shape[] => [
  shape,
  ...[...(shape.anyOf ?? []), ...(shape.oneOf ?? []), ...(shape.allOf ?? [])].flatMap(alternativesOf),
];

const namesOf = (shape: Shape): string[] =>
  alternativesOf(shape).flatMap(({ properties = {} }) => Object.keys(properties));

/** What may stand under a name; undefined where nothing may. */
function memberShape(shape: Shape, name: string): Shape | undefined {
  const all = alternativesOf(shape);
  const named = all.flatMap(({ properties }) => properties?.[name] ?? []);
  if (named.length > 0) return { anyOf: named };
  // What a group leaves open, and what nothing is said of, takes any name.
  const open = all.some(({ additionalProperties, properties, type, anyOf, oneOf, allOf }) =>
    additionalProperties === undefined
      ? properties === undefined && type === undefined && (anyOf ?? oneOf ?? allOf) === undefined
      : additionalProperties !== false,
  );
  return open ? {} : undefined;
}

function itemShape(shape: Shape, at: number): Shape {
  return {
    anyOf: alternativesOf(shape).flatMap(({ items, prefixItems }) => [
      ...(prefixItems?.[at] === undefined ? [] : [prefixItems[at]]),
      ...(typeof items === 'object' ? [items] : []),
    ]),
  };
}

function unknownName({ key, before }: Descent, name: string, known: readonly string[]): UserError {
  const place = before.length === 0 ? '' : ` in ${before.join('.')}`;
  return new UserError(`--set ${key}: unknown setting '${name}'${place}`, { hint: hintOfName(name, known) });
}

/** The first thing that is wrong, blamed on the change that names it or stands nearest above it. */
function complaint(
  issues: readonly z.core.$ZodIssue[],
  changes: readonly SettingChange[],
  settings: unknown,
): UserError {
  const [issue] = issues as [z.core.$ZodIssue];
  const place = placeOf(settings, issue.path);
  const blamed = changes.findLast(
    ({ key }) => place === key || place.startsWith(`${key}.`) || key.startsWith(`${place}.`),
  );
  const where = blamed === undefined ? changes.map(({ key }) => key).join(', ') : blamed.key;
  const inside = place === where || place === '' ? '' : ` (${place})`;
  const value = blamed === undefined ? 'values' : `value '${textOf(blamed.value)}'`;
  return new UserError(`--set ${where}: invalid ${value}${inside}: ${issue.message}`, {
    hint: `Without --set it is ${textOf(valueAt(settings, issue.path))}`,
  });
}

const textOf = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);

const valueAt = (settings: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((node, name) => (node as Record<PropertyKey, unknown> | undefined)?.[name], settings);

/** A path as `--set` writes it: entries of lists by their names. */
function placeOf(settings: unknown, path: readonly PropertyKey[]): string {
  let node = settings;
  const names: string[] = [];
  for (const name of path) {
    const inner = (node as Record<PropertyKey, unknown> | null | undefined)?.[name];
    names.push((Array.isArray(node) && nameOf(inner)) || String(name));
    node = inner;
  }
  return names.join('.');
}
