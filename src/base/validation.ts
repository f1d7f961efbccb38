/**
 * @file The one wording of what is wrong with a value that someone wrote: unknown and missing keys, invalid values, with what
 * was expected. For JSON, YAML and CSV alike.
 */
import type { z } from 'zod';
import { together, UserError } from './errors.js';
import { closestName } from './names.js';
import type { Path, Position, Source } from './source-text.js';

/** A value with its file, where it has one: values from elsewhere have no positions. */
export type Checkable = Pick<Source, 'value'> & Partial<Source>;

export interface CheckOptions {
  /** What to do about all of it, behind the last problem. */
  readonly hint?: string;
  /** What to do about an invalid value or a missing key. */
  readonly hintAt?: (path: Path) => string | undefined;
  /** Where the value is, for one without a file: `task 'ks'`. */
  readonly place?: string;
  /** The value is a part of the file's: the path to it. */
  readonly at?: Path;
  /** Keys that there are beside those of the schema. */
  readonly otherKeys?: (path: Path) => readonly string[];
  /** The value that the schema is given, where that is not the file's own (defaults filled in). */
  readonly completed?: unknown;
}

/** A value that is wrong, or an unknown key. */
interface Fault {
  readonly what: string;
  readonly path: Path;
  readonly isKey: boolean;
  readonly hint?: string | undefined;
}

/**
 * What a schema makes of a value.
 * @throws UserError with a line for each problem, with file, line and column
 */
export function checked<T>(schema: z.ZodType<T>, source: Checkable, options: CheckOptions = {}): T {
  const value = options.completed ?? source.value;
  const result = schema.safeParse(value, { error: expectedText });
  if (result.success) return result.data;
  const { file, positionOf } = source;
  const { at = [], place } = options;
  const faults = faultsOf(result.error.issues, schema, value, options)
    .map((fault) => ({ ...fault, position: positionOf?.([...at, ...fault.path], fault.isKey) }))
    .sort((a, b) => inOrder(a.position, b.position));
  const problems = faults.map(({ what, position, hint: own }, i) => {
    const last = i === faults.length - 1 ? options.hint : undefined;
    const hint = [own, last].filter((each) => each !== undefined).join('. ');
    return new UserError(place === undefined ? what : `${place}: ${what}`, {
      ...(file !== undefined && { file, ...position }),
      ...(hint !== '' && { hint }),
    });
  });
  throw together(problems);
}

const inOrder = (a: Position | undefined, b: Position | undefined): number =>
  (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);

/** `invalid value for 'batch.size': expected a whole number, got "many"`; what is expected begins with that word, or says what is wrong. */
export function invalidValue(name: string, expected: string, given?: unknown): string {
  const got = given === undefined || !expected.startsWith('expected') ? '' : `, got ${shown(given)}`;
  return `${name === '' ? '' : `invalid value for '${name}': `}${expected}${got}`;
}

/** A path as people write it: `tasks[0].settings.rate`. */
export function pathText(path: Path): string {
  return path
    .map((name, i) => (typeof name === 'number' ? `[${name}]` : `${i === 0 ? '' : '.'}${String(name)}`))
    .join('');
}

const longestShown = 60;

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}...` : text;
}

type Issue = z.core.$ZodIssue;

function faultsOf(
  issues: readonly Issue[],
  schema: z.core.$ZodType,
  value: unknown,
  options: CheckOptions,
): Fault[] {
  return issues.flatMap(within).flatMap((issue): Fault[] => {
    const { path } = issue;
    const hint = options.hintAt?.(path);
    if (issue.code === 'unrecognized_keys') {
      const known = [...new Set([...keysAt(schema, path, value), ...(options.otherKeys?.(path) ?? [])])];
      return issue.keys.map((key) => ({
        what: `unknown key '${pathText([...path, key])}'`,
        path: [...path, key],
        isKey: true,
        hint: keyHint(key, known),
      }));
    }
    const given = valueAt(value, path);
    if (given === undefined && path.length > 0 && issue.code !== 'custom')
      return [{ what: `missing key '${pathText(path)}'`, path, isKey: true, hint }];
    return [{ what: invalidValue(pathText(path), issue.message, given), path, isKey: false, hint }];
  });
}

const mostKeys = 30;

function keyHint(key: string, known: readonly string[]): string {
  if (known.length === 0) return 'Remove it';
  const close = closestName(key, known);
  const all = `Expected one of: ${known.slice(0, mostKeys).join(', ')}${known.length > mostKeys ? ', ...' : ''}`;
  return close === undefined ? all : `Did you mean '${close}'? ${all}`;
}

/** Of a choice between forms, what is wrong with the form that was meant: the one with the fewest problems inside it. */
function within(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const forms = issue.errors.map((errors) => errors.flatMap((each) => within(each)));
  const isOther = (errors: readonly Issue[]): boolean =>
    errors.some(
      ({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'),
    );
  const weight = (errors: readonly Issue[]): number =>
    errors.reduce((sum, each) => sum + (each.code === 'unrecognized_keys' ? each.keys.length : 1), 0);
  const [meant] = forms
    .filter((errors) => errors.length > 0 && !isOther(errors))
    .sort((a, b) => weight(a) - weight(b));
  if (meant !== undefined)
    return meant.map((each) => ({ ...each, path: [...issue.path, ...each.path] }) as Issue);
  const wanted = forms.flatMap((errors) => errors.map(({ message }) => message.replace(/^expected /, '')));
  return wanted.length === 0
    ? [issue]
    : [{ ...issue, message: `expected ${[...new Set(wanted)].join(' or ')}` }];
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (node, name) => (node as Record<PropertyKey, unknown> | undefined | null)?.[name],
    value,
  );

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  never: 'nothing',
};

/** What was expected, in words; a schema's own message goes before it. */
export function expectedText(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(quoted).join(', ')}`;
    case 'too_small':
      return `expected ${boundText(issue.origin, Number(issue.minimum), issue.inclusive === false ? 'more than' : 'at least')}`;
    case 'too_big':
      return `expected ${boundText(issue.origin, Number(issue.maximum), issue.inclusive === false ? 'less than' : 'at most')}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex'
        ? `expected text that matches ${issue.pattern}`
        : `expected a valid ${issue.format}`;
    case 'invalid_union':
      return 'expected another value';
    case 'invalid_key':
      return 'invalid key';
    case 'invalid_element':
      return 'invalid element';
    default:
      return undefined;
  }
}

const quoted = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value));

function boundText(origin: string, bound: number, than: string): string {
  const counted = (name: string): string => `${than} ${bound} ${name}${bound === 1 ? '' : 's'}`;
  if (origin === 'string')
    return bound === 1 && than === 'at least' ? 'a non-empty string' : counted('character');
  if (origin === 'array' || origin === 'set') return counted('element');
  return `${than} ${bound}`;
}

/** The keys that a schema knows of the object at a path; of a choice between forms, those of all. */
function keysAt(schema: z.core.$ZodType, path: Path, value: unknown): string[] {
  const [name, ...rest] = path;
  const inside = name === undefined ? undefined : valueAt(value, [name]);
  return [
    ...new Set(
      objectsIn(schema, value).flatMap((form) => {
        const { def } = form._zod;
        if (def.type === 'object') {
          const { shape } = def as z.core.$ZodObjectDef;
          if (name === undefined) return Object.keys(shape);
          const inner = shape[String(name)];
          return inner === undefined ? [] : keysAt(inner, rest, inside);
        }
        if (name === undefined) return [];
        if (def.type === 'array') return keysAt((def as z.core.$ZodArrayDef).element, rest, inside);
        if (def.type === 'record') return keysAt((def as z.core.$ZodRecordDef).valueType, rest, inside);
        return [];
      }),
    ),
  ];
}

/** Objects, lists and records that a schema is, inside what wraps it; not those whose `type` is another than the value's. */
function objectsIn(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  const { def } = schema._zod;
  switch (def.type) {
    case 'union':
      return (def as z.core.$ZodUnionDef).options.flatMap((form) => objectsIn(form, value));
    case 'pipe':
      return objectsIn((def as z.core.$ZodPipeDef).in, value);
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'catch':
      return objectsIn((def as z.core.$ZodOptionalDef).innerType, value);
    case 'object':
      return isOfType((def as z.core.$ZodObjectDef).shape, value) ? [schema] : [];
    default:
      return [schema];
  }
}

function isOfType(shape: z.core.$ZodShape, value: unknown): boolean {
  return Object.entries(shape).every(([key, { _zod }]) => {
    const given = valueAt(value, [key]);
    return _zod.def.type !== 'literal' || given === undefined || _zod.values?.has(given as string) !== false;
  });
}
