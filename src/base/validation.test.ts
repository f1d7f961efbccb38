/** @file The wording of what is wrong with a value. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { jsonSource, yamlSource } from './source-text.js';
import { type Checkable, type CheckOptions, checked, invalidValue, pathText } from './validation.js';

const size = z.string().regex(/^\d+GB$/, 'expected a size, such as 8GB');
const encoder = z.union([z.string().min(1), z.strictObject({ name: z.string(), steps: z.int().positive() })]);
const schema = z.strictObject({
  name: z.string().min(1),
  seeds: z.union([z.int().min(1).max(100), z.array(z.int()).min(1)]).optional(),
  preset: z.enum(['clean', 'superb']).default('clean'),
  rate: z.number().positive().lt(1).optional(),
  memory: size.optional(),
  encoders: z.array(encoder).default([]),
  nested: z.record(z.string(), z.strictObject({ on: z.boolean() })).optional(),
  frontEnd: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('conv'), layers: z.array(z.int()) }),
      z.strictObject({ type: z.literal('mel'), bins: z.int() }),
    ])
    .optional(),
});

const said = (source: Checkable, options?: CheckOptions): string[] => {
  try {
    checked(schema, source, options);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
};

it.each([
  [{ name: '' }, 'invalid value for \'name\': expected a non-empty string, got ""'],
  [{}, "missing key 'name'"],
  [[], 'expected an object, got a list'],
  [null, 'expected an object, got null'],
  [{ name: 'a', seeds: 'many' }, `invalid value for 'seeds': expected a number or a list, got "many"`],
  [{ name: 'a', seeds: 101 }, "invalid value for 'seeds': expected at most 100, got 101"],
  [{ name: 'a', seeds: [1, 0.5] }, "invalid value for 'seeds[1]': expected a whole number, got 0.5"],
  [{ name: 'a', seeds: [] }, "invalid value for 'seeds': expected at least 1 element, got a list"],
  [{ name: 'a', preset: 'x' }, `invalid value for 'preset': expected one of 'clean', 'superb', got "x"`],
  [{ name: 'a', rate: 0 }, "invalid value for 'rate': expected more than 0, got 0"],
  [{ name: 'a', rate: 1 }, "invalid value for 'rate': expected less than 1, got 1"],
  [{ name: 'a', memory: '8' }, `invalid value for 'memory': expected a size, such as 8GB, got "8"`],
  [{ name: 'a', encoders: [{ name: 'b' }] }, "missing key 'encoders[0].steps'"],
  [
    { name: 'a', encoders: [{ name: 'b', stps: 3, steps: 1 }] },
    "unknown key 'encoders[0].stps'. Did you mean 'steps'? Expected one of: name, steps",
  ],
  [{ name: 'a', encoders: [3] }, "invalid value for 'encoders[0]': expected a string or an object, got 3"],
  [{ name: 'a', nested: { x: { off: 1, on: true } } }, "unknown key 'nested.x.off'. Expected one of: on"],
  [
    { name: 'a', frontEnd: { type: 'mel', bins: 8, layers: [] } },
    "unknown key 'frontEnd.layers'. Expected one of: type, bins",
  ],
])('%j: %s', (value, message) => {
  expect(said({ value })).toEqual([message]);
});

it('a problem has file, line and column, of the key where it is a key that is wrong', () => {
  const text = 'name: a\nencoders:\n  - name: b\n    steps: 0\n    stepz: 2\npreset: x\n';
  expect(said(yamlSource(text, 's.yaml'))).toEqual([
    "s.yaml:4:12: invalid value for 'encoders[0].steps': expected more than 0, got 0",
    "s.yaml:5:5: unknown key 'encoders[0].stepz'. Did you mean 'steps'? Expected one of: name, steps",
    `s.yaml:6:9: invalid value for 'preset': expected one of 'clean', 'superb', got "x"`,
  ]);
  expect(said(jsonSource('{"name": "a",\n "rate": 2}', 's.json'))).toEqual([
    "s.json:2:10: invalid value for 'rate': expected less than 1, got 2",
  ]);
});

it('more problems than a person reads are counted', () => {
  const value = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, 1]));
  const lines = said({ value: { name: 'a', ...value } });
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('... and 10 more problems');
});

it('a value may be a part of a file, with defaults filled in, and with hints', () => {
  const source = jsonSource('{"part": {"name": 3}}', 's.json');
  expect(
    said(source, {
      at: ['part'],
      place: "task 'ks'",
      completed: { name: 3, rate: 5 },
      hintAt: ([key]) => `See ${String(key)}`,
      hint: 'Run it again',
    }),
  ).toEqual([
    "s.json:1:10: task 'ks': invalid value for 'rate': expected less than 1, got 5. See rate",
    "s.json:1:19: task 'ks': invalid value for 'name': expected a string, got 3. See name. Run it again",
  ]);
});

it('names and values of CSV are told in the same words', () => {
  expect(invalidValue('start', 'expected a number of seconds', 'soon')).toBe(
    `invalid value for 'start': expected a number of seconds, got "soon"`,
  );
  expect(pathText(['tasks', 0, 'settings', 'rate'])).toBe('tasks[0].settings.rate');
});
