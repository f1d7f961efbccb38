/** @file Plug-ins: found as files and packages, registered whole or not at all, and refused in one line that names them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../base/errors.js';
import { randomStream } from '../base/random.js';
import { namedEncoders } from '../encoders/registry.js';
import { headKinds } from '../heads/registry.js';
import type { StatisticMetric } from '../metrics/index.js';
import { choosing, type MaskRequest, maskDefaults, maskings } from '../pretrain/masking/index.js';
import { knownTasks } from './known-tasks.js';
import { loadPlugins } from './load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-plugins-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The first half of every row. */
const firstHalf =
  '({ lengths }) => lengths.map((n) => Uint8Array.from({ length: n }, (_, t) => +(t < n / 2)))';
const masking = (name: string): string =>
  `{ name: '${name}', about: 'a test', hardShare: () => 0.25, choose: ${firstHalf} }`;
const task = (name: string, more = ''): string =>
  `{ name: '${name}', version: 1, summary: 'a test', columns: ['word'], metrics: [{ name: 'm', direction: 'higher' }],
     head: () => ({ kind: 'pooled-linear', slots: [] }), evaluate: () => ({}), ${more} }`;
const schema = '{ safeParse: (data) => ({ success: true, data }), parse: (data) => data }';
const head = (kind: string): string =>
  `{ kind: '${kind}', about: 'a test', settings: ${schema}, stored: ${schema}, seedsTogether: false,
     reads() {}, cost() {}, train() {}, forward() {} }`;
const encoder = (name: string, presets: string, parameters = '({})'): string =>
  `{ name: '${name}', schema: ${schema}, presets: ${presets}, parameters: (config) => ${parameters}, forward() {},
     dims: () => [1], normalizesWaveform: () => false, minimumSamples: () => 400, hopSamples: () => 160 }`;
const plugin = (content: string): string => `export default { apiVersion: 1, ${content} };\n`;

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const request: MaskRequest = {
  predictedLoss: [new Float32Array(6), new Float32Array(6)],
  lengths: [6, 6],
  progress: 0,
  settings: maskDefaults,
  random: randomStream(1, 'plug-in'),
};

describe('a plug-in', () => {
  it('brings things of several kinds, which are then found like built-in ones; once more changes nothing', async () => {
    const file = await write(
      'both.mjs',
      plugin(
        `tasks: [${task('both-task')}], maskings: [${masking('first-half')}],
         heads: [${head('both-head')}], encoders: [${encoder('both-family', '{ both: {} }')}]`,
      ),
    );
    for (let time = 0; time < 2; time++) {
      await loadPlugins([file]);
      expect(knownTasks.find('both-task')).toMatchObject({ version: 1, summary: 'a test' });
      expect(headKinds.find('both-head').about).toBe('a test');
      expect(namedEncoders().filter(({ spec }) => spec === 'both')).toHaveLength(1);
      expect(maskings.all().filter(({ name }) => name === 'first-half')).toHaveLength(1);
    }
    expect(knownTasks.moduleOf('both-task')).toBe(file);
    expect(choosing(maskings.find('first-half'), request)).toEqual(
      Array(2).fill(Uint8Array.of(1, 1, 1, 0, 0, 0)),
    );
  });

  it.each([
    ['for require and import', 'masks-of-mine', { main: 'm.mjs' }],
    ['for import alone', '@mine/masks', { exports: { '.': { types: './m.d.ts', import: './m.mjs' } } }],
  ])('is found as a package of the working folder, %s', async (_what, name, entry) => {
    const place = join(folder, 'node_modules', name);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'package.json'), JSON.stringify({ name, ...entry }));
    await writeFile(join(place, 'm.mjs'), plugin(`maskings: [${masking(name)}]`));
    const here = vi.spyOn(process, 'cwd').mockReturnValue(folder);
    try {
      await loadPlugins([name]);
    } finally {
      here.mockRestore();
    }
    expect(maskings.moduleOf(name)).toBe(name);
  });

  it('is registered whole or not at all', async () => {
    const file = await write(
      'half.mjs',
      plugin(`tasks: [${task('good-task')}], maskings: [${masking('good-mask')}, ${masking('random')}]`),
    );
    await expect(loadPlugins([file])).rejects.toThrow(
      /half\.mjs': duplicate masking strategy 'random', which is built in/,
    );
    expect(knownTasks.has('good-task')).toBe(false);
    expect(maskings.has('good-mask')).toBe(false);
  });

  it('that brings what another one brought is refused, naming both', async () => {
    const [one, two] = await Promise.all(
      ['one.mjs', 'two.mjs'].map((name) => write(name, plugin(`tasks: [${task('shared')}]`))),
    );
    await expect(loadPlugins([one as string, two as string])).rejects.toThrow(
      /two\.mjs': duplicate task 'shared', which comes from '.*one\.mjs'/,
    );
  });

  const wrong: readonly (readonly [name: string, text: string | undefined, message: RegExp])[] = [
    ['no-such-package-here', undefined, /^plug-in 'no-such-package-here': not found\. Install the package/],
    ['/no/such/file.mjs', undefined, /^plug-in '\/no\/such\/file\.mjs': not found\. Check its path$/],
    ['throws.mjs', "throw new Error('no licence');", /throws\.mjs': failed to load \(no licence\)$/],
    ['imports.mjs', "import 'not-here-either';", /imports\.mjs': failed to load \(.*not-here-either/],
    [
      'other.mjs',
      'export const other = []',
      /other\.mjs': no default export\. Write export default \{ apiVersion: 1/,
    ],
    ['text.mjs', "export default 'lid'", /text\.mjs': the default export must be an object/],
    [
      'earlier.mjs',
      `export const tasks = [${task('earlier')}]`,
      /earlier\.mjs': outdated plug-in format: it exports 'tasks' by name.*Write: export default \{ apiVersion: 1, tasks \}$/,
    ],
    ['unversioned.mjs', 'export default { tasks: [] }', /unversioned\.mjs': apiVersion is missing/],
    [
      'newer.mjs',
      'export default { apiVersion: 2, tasks: [] }',
      /newer\.mjs': written for plug-in API version 2; this ehmam has version 1$/,
    ],
    [
      'empty.mjs',
      plugin('tasks: []'),
      /empty\.mjs': exports nothing that ehmam can use\. Expected one or more of tasks, /,
    ],
    ['typo.mjs', plugin('task: []'), /typo\.mjs': unknown field 'task'\. Did you mean 'tasks'\?/],
    ['no-list.mjs', plugin(`tasks: ${task('x')}`), /no-list\.mjs': 'tasks' must be a list/],
    [
      'version.mjs',
      plugin(`tasks: [${task('x')}, ${task('y', 'version: 0')}]`),
      /version\.mjs': tasks\[1\] \('y'\): field 'version' must be a whole number, 1 or more/,
    ],
    [
      'no-choose.mjs',
      plugin("maskings: [{ name: 'x', about: 'y', hardShare: () => 0 }]"),
      /no-choose\.mjs': maskings\[0\] \('x'\): missing field 'choose' \(a function\)\. It has name, about/,
    ],
    [
      'needs.mjs',
      plugin(`maskings: [{ ...${masking('needy')}, needs: ['loss'] }]`),
      /maskings\[0\] \('needy'\): field 'needs' must be a list of 'actualLoss' and 'energy'/,
    ],
    [
      'head.mjs',
      plugin("heads: [{ kind: 'labels', about: 'a test', settings: {} }]"),
      /head\.mjs': heads\[0\] \('labels'\): field 'settings' must be a zod schema\. It has kind, about/,
    ],
    [
      'taken-head.mjs',
      plugin(`heads: [${head('frame-ctc')}]`),
      /duplicate head kind 'frame-ctc', which is built in/,
    ],
    [
      'preset.mjs',
      plugin(`encoders: [${encoder('mine', '{ fbank: {} }')}]`),
      /preset\.mjs': duplicate encoder preset 'fbank' \(also in the family 'fbank'\)/,
    ],
    [
      'preset-fails.mjs',
      plugin(`encoders: [${encoder('mine', '{ mine: {} }', 'config.none.length')}]`),
      /preset-fails\.mjs': encoders\[0\] failed \(Cannot read/,
    ],
    ['null.mjs', plugin('tasks: [null]'), /null\.mjs': tasks\[0\]: must be an object/],
    ['twice.mjs', plugin(`tasks: [${task('x')}, ${task('x')}]`), /twice\.mjs': duplicate name 'x' in tasks/],
    ['built-in.mjs', plugin(`tasks: [${task('ks')}]`), /duplicate task 'ks', which is built in/],
  ];
  it.each(wrong)('that cannot be used is one line that names it: %s', async (name, text, message) => {
    const module = text === undefined ? name : await write(name, text);
    const error: unknown = await loadPlugins([module]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect((error as UserError).message).not.toContain('\n');
  });
});

describe("a plug-in's task", () => {
  const data = { train: [], dev: [], test: [] };

  it('complains about data by any Error; a fault of its code is told with its place', async () => {
    const file = await write(
      'complains.mjs',
      plugin(`tasks: [
        ${task('plain', "head() { throw new Error('m.csv:3: no word'); }")},
        ${task('faulty', 'head(data) { return data.none.length; }, evaluate() { return none; }')},
        ${task('draws', 'evaluate() { return { f1: { value: 1, units: ["a"], redraw: (drawn) => drawn.none.length } }; }')},
        ${task('lists', "*complaints() { yield new Error('m.csv:3: no word'); throw new Error('m.csv:4: stopped'); }")},
        ${task('cuts', "async crop() { throw new Error('m.csv:5: too short'); }")}]`),
    );
    await loadPlugins([file]);
    const thrownBy = (call: () => unknown): unknown => {
      try {
        return call();
      } catch (error) {
        return error;
      }
    };
    const plain = thrownBy(() => knownTasks.find('plain').head(data));
    expect(plain).toBeInstanceOf(UserError);
    expect(plain).toMatchObject({ message: 'm.csv:3: no word' });
    const faulty = knownTasks.find('faulty');
    for (const [call, message] of [
      [() => faulty.head(data), /complains\.mjs': task 'faulty': head failed \(Cannot read/],
      [
        () => faulty.evaluate([], []),
        /complains\.mjs': task 'faulty': evaluate failed \(none is not defined\)/,
      ],
      [
        () => (knownTasks.find('draws').evaluate([]).f1 as StatisticMetric).redraw(new Int32Array(1)),
        /complains\.mjs': task 'draws': redraw of f1 failed \(Cannot read/,
      ],
    ] as const) {
      const error = thrownBy(call);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toMatch(message);
    }
    const complaints = [...(knownTasks.find('lists').complaints?.(data) ?? [])];
    expect(complaints.map(({ message }) => message)).toEqual(['m.csv:3: no word', 'm.csv:4: stopped']);
    for (const complaint of complaints) expect(complaint).toBeInstanceOf(UserError);
    const cut = knownTasks.find('cuts').crop?.(data, async () => []);
    await expect(cut).rejects.toBeInstanceOf(UserError);
    await expect(cut).rejects.toThrow('m.csv:5: too short');
  });
});
