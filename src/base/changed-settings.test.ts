/** @file Settings from the command line: applied where they belong, or refused by name. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseChanges, withChanges } from './changed-settings.js';

const schema = z.strictObject({
  tasks: z.array(
    z.strictObject({ name: z.string(), settings: z.record(z.string(), z.unknown()).optional() }),
  ),
  batch: z.strictObject({ size: z.int().positive(), crops: z.array(z.number()) }),
  encoders: z.array(z.union([z.string(), z.strictObject({ name: z.string(), steps: z.int() })])),
  shape: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('mel'), bins: z.int() }),
    z.strictObject({ type: z.literal('conv'), layers: z.int() }),
  ]),
  lr: z.union([z.literal('search'), z.number()]).optional(),
  resources: z
    .strictObject({ head: z.strictObject({ memory: z.string().optional() }).optional() })
    .optional(),
});

const settings = {
  tasks: [{ name: 'ks', settings: { rates: [1] } }, { name: 'asr' }],
  batch: { size: 4, crops: [1, 2] },
  encoders: ['fbank', { name: 'v1.5-large', steps: 3 }],
  shape: { type: 'mel', bins: 80 },
};

const changed = (...words: string[]) => withChanges(settings, parseChanges(words), schema);

describe('withChanges', () => {
  it('sets numbers, words, lists and groups, in their order', () => {
    expect(changed('batch.size=8', 'batch.size=16', 'batch.crops=[0.5, 1e1]', 'lr=search')).toEqual({
      ...settings,
      batch: { size: 16, crops: [0.5, 10] },
      lr: 'search',
    });
    expect(changed('shape={type: conv, layers: 2}').shape).toEqual({ type: 'conv', layers: 2 });
  });

  it('makes the groups that are not there', () => {
    expect(changed('resources.head.memory=8GB').resources).toEqual({ head: { memory: '8GB' } });
  });

  it('finds entries of lists by name, names with dots among them, or by place', () => {
    expect(changed('tasks.asr.settings.updates=7', 'tasks.0.settings.rates=[2]').tasks).toEqual([
      { name: 'ks', settings: { rates: [2] } },
      { name: 'asr', settings: { updates: 7 } },
    ]);
    expect(changed('encoders.v1.5-large.steps=9').encoders[1]).toEqual({ name: 'v1.5-large', steps: 9 });
    expect(changed('batch.crops.1=3').batch.crops).toEqual([1, 3]);
  });

  it('leaves what it was given as it was', () => {
    const before = structuredClone(settings);
    changed('batch.size=8', 'tasks.ks.settings.rates=[3]');
    expect(settings).toEqual(before);
  });

  it.each([
    ['batch.sise=8', "--set batch.sise: unknown setting 'sise' in batch. Did you mean 'size'?"],
    ['bach.size=8', "--set bach.size: unknown setting 'bach'. Did you mean 'batch'?"],
    [
      'tasks.kss.settings.x=1',
      "--set tasks.kss.settings.x: unknown setting 'kss' in tasks. Did you mean 'ks'?",
    ],
    ['tasks.ks.seting.x=1', "unknown setting 'seting' in tasks.ks. Did you mean 'settings'?"],
    ['tasks.5.settings.x=1', "unknown setting '5' in tasks. Expected one of: ks, asr"],
    ['shape.layer=1', "unknown setting 'layer' in shape. Did you mean 'layers'?"],
    ['encoders.0.steps=1', '\'encoders.0\' has no settings inside. It is "fbank"'],
    ['batch.size.x=1', "'batch.size' has no settings inside. It is 4"],
    ['batch.size=much', "--set batch.size: invalid value 'much': expected a number"],
    ['batch={size: 0, crops: []}', '(batch.size): expected more than 0'],
    ['batch.size=0', 'Without --set it is 4'],
  ])('refuses %s', (word, message) => {
    expect(() => changed(word)).toThrow(message);
  });

  it('blames the change that is wrong, not the others', () => {
    expect(() => changed('lr=0.1', 'tasks.asr.settings=3', 'batch.size=2')).toThrow(
      /^--set tasks\.asr\.settings: invalid value '3'/,
    );
  });
});

it.each([
  ['batch.size', "--set 'batch.size': expected KEY=VALUE, such as batch.size=4"],
  ['=4', "--set '=4': expected KEY=VALUE"],
  ['a..b=4', "--set 'a..b=4': expected KEY=VALUE"],
  ['a=', '--set a: the value is missing'],
  ['a=[1', "--set a: '[1' is not YAML"],
])('parseChanges refuses %s', (word, message) => {
  expect(() => parseChanges([word])).toThrow(message);
});
