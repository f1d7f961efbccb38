/** @file What the items of a plug-in must have: a name that messages give them, fields, and what each must be. */
import { maskingNeeds } from '../api/masking-strategy.js';
import { splits } from '../api/task.js';

interface FieldShape {
  readonly is: string;
  readonly fits: (value: unknown) => boolean;
  readonly optional?: boolean;
}

/** What one kind of item must have. */
export interface Shape {
  /** The field that names an item. */
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldShape>>;
}

const text: FieldShape = { is: 'a string', fits: (value) => typeof value === 'string' && value !== '' };
const aFunction: FieldShape = { is: 'a function', fits: (value) => typeof value === 'function' };
const version: FieldShape = {
  is: 'a whole number, 1 or more',
  fits: (value) => Number.isInteger(value) && (value as number) > 0,
};
const object: FieldShape = {
  is: 'an object',
  fits: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};
const schema: FieldShape = {
  is: 'a zod schema',
  fits: (value) => typeof (value as { safeParse?: unknown } | undefined)?.safeParse === 'function',
};
const optional = (shape: FieldShape): FieldShape => ({ ...shape, optional: true });

function isPairs(value: unknown): boolean {
  const { first, second, columns, splits: own } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return text.fits(first) && text.fits(second) && isTexts(columns) && areSplits(own);
}

function isJudged(value: unknown): boolean {
  const { references, predictions } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return isTexts(references) && isTexts(predictions);
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(text.fits);

function areSplits(value: unknown): boolean {
  const known: readonly unknown[] = splits;
  return Array.isArray(value) && value.every((split) => known.includes(split));
}

const isMaskingNeed = (value: string): boolean => (maskingNeeds as readonly string[]).includes(value);

/** A name, or a name with the splits that it is needed in. */
function isColumn(value: unknown): boolean {
  if (typeof value === 'string') return true;
  const { name, splits: own } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return text.fits(name) && areSplits(own);
}

function isMetric(value: unknown): boolean {
  const { name, direction, kind = 'ratio' } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const rightKind = kind === 'ratio' || kind === 'statistic';
  return text.fits(name) && (direction === 'higher' || direction === 'lower') && rightKind;
}

export const taskShape: Shape = {
  name: 'name',
  fields: {
    name: text,
    version,
    summary: text,
    columns: {
      is: 'a list of columns (a name, or { name, splits })',
      fits: (value) => Array.isArray(value) && value.every(isColumn),
    },
    metrics: {
      is: "a list of { name, direction: 'higher' or 'lower' }",
      fits: (value) => Array.isArray(value) && value.length > 0 && value.every(isMetric),
    },
    head: aFunction,
    evaluate: aFunction,
    optionalSplits: optional({ is: 'a list of splits', fits: areSplits }),
    pairs: optional({ is: '{ first, second, columns, splits }', fits: isPairs }),
    splits: optional({ is: 'a list of splits', fits: areSplits }),
    judges: optional({ is: '{ references, predictions }, lists of columns', fits: isJudged }),
    complaints: optional(aFunction),
    crop: optional(aFunction),
    folds: optional(aFunction),
    settings: optional(object),
    classes: optional({ is: 'a list of columns', fits: isTexts }),
    madeWith: optional({ is: 'a list of columns', fits: isTexts }),
    hubTask: optional(text),
  },
};

export const maskingShape: Shape = {
  name: 'name',
  fields: {
    name: text,
    about: text,
    hardShare: aFunction,
    choose: aFunction,
    needs: optional({
      is: `a list of ${maskingNeeds.map((need) => `'${need}'`).join(' and ')}`,
      fits: (value) => isTexts(value) && (value as readonly string[]).every(isMaskingNeed),
    }),
  },
};

export const encoderShape: Shape = {
  name: 'name',
  fields: {
    name: text,
    schema,
    parameters: aFunction,
    forward: aFunction,
    dims: aFunction,
    normalizesWaveform: aFunction,
    minimumSamples: aFunction,
    hopSamples: aFunction,
    presets: optional(object),
    trainingSettings: optional({
      is: 'a list of names of settings',
      fits: isTexts,
    }),
    frontEnd: optional({ is: 'a list of beginnings of names', fits: isTexts }),
    maskedFrames: optional({
      is: "'noise' or 'learnt'",
      fits: (value) => value === 'noise' || value === 'learnt',
    }),
    hub: optional(object),
  },
};

export const headShape: Shape = {
  name: 'kind',
  fields: {
    kind: text,
    about: text,
    settings: schema,
    stored: schema,
    reads: aFunction,
    cost: aFunction,
    train: aFunction,
    forward: aFunction,
    seedsTogether: { is: 'true or false', fits: (value) => typeof value === 'boolean' },
    trainsNothing: optional({ is: 'true or false', fits: (value) => typeof value === 'boolean' }),
    presets: optional(object),
    crops: optional(aFunction),
    framesToLearn: optional(aFunction),
    fewestFrames: optional(version),
    files: optional({
      is: 'a list of paths of settings',
      fits: (value) => Array.isArray(value) && value.every(Array.isArray),
    }),
    freeAxis: optional(text),
  },
};

/** What is wrong with an item: `field 'version' must be a whole number from 1`; undefined where nothing is. */
export function faultOf(item: unknown, { fields }: Shape): string | undefined {
  if (!object.fits(item)) return 'must be an object';
  const given = item as Readonly<Record<string, unknown>>;
  for (const [field, { is, fits, optional: mayMiss }] of Object.entries(fields)) {
    const value = given[field];
    if (value === undefined ? mayMiss === true : fits(value)) continue;
    return value === undefined ? `missing field '${field}' (${is})` : `field '${field}' must be ${is}`;
  }
  return undefined;
}
