/** @file The GitHub Action: its commands are ours, its parts fit together, and it tells a regression. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectFile } from '../src/base/package.js';
import { commands } from '../src/cli/commands.js';
import { compileEntry, type Entry } from '../src/cli/entry.fixture.js';
import { parseLine } from '../src/cli/parse.js';
import { writeRecord } from '../src/results/index.js';
import { newRecord } from '../src/results/records.fixture.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string() })),
  outputs: z.record(z.string(), z.object({ value: z.string() })),
  runs: z.object({
    using: z.literal('composite'),
    steps: z.array(
      z
        .object({ id: z.string(), uses: z.string(), shell: z.literal('bash'), run: z.string() })
        .partial()
        .refine(
          ({ uses, shell, run }) => (uses === undefined) === (run !== undefined && shell !== undefined),
        ),
    ),
  }),
});

const text = await readFile(projectFile('action.yml'), 'utf8');
const { inputs, outputs, runs } = actionSchema.parse(parse(text));
const scripts = runs.steps.flatMap(({ run }) => run ?? []);

/** The words of every call of ehmam in a script, with a path for each variable and nothing for options that users add. */
function callsIn(script: string): string[][] {
  const lines = script.match(/\behmam (?:run|gate|report|compare) [^\n;|>,\]]*/g) ?? [];
  return lines.map((line) =>
    line
      .replaceAll(/\$\w+_OPTIONS/g, '')
      .replaceAll(/"?\$\w+(\/[\w.]+)?"?/g, 'a/path')
      .trim()
      .split(/\s+/)
      .slice(1),
  );
}

let entry: Entry;
let folder: string;
beforeAll(async () => {
  entry = await compileEntry();
  folder = await mkdtemp(join(tmpdir(), 'ehmam-action-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('calls the program as it can be called', async () => {
  const calls = scripts.flatMap(callsIn);
  expect(calls.map(([name]) => name)).toEqual(['run', 'gate', 'report', 'compare']);
  for (const words of calls) expect((await parseLine(words, commands)).kind).toBe('command');
});

it('uses only inputs and outputs that it has, and says what they are in docs/ci.md', async () => {
  const used = [...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name as string);
  expect(new Set(used)).toEqual(new Set(Object.keys(inputs)));
  const ids = new Set(runs.steps.flatMap(({ id }) => id ?? []));
  for (const [, id = ''] of text.matchAll(/steps\.([\w-]+)/g)) expect(ids).toContain(id);
  const page = await readFile(projectFile('docs/ci.md'), 'utf8');
  for (const name of Object.keys(inputs)) expect(page).toContain(`| \`${name}\` |`);
  for (const name of Object.keys(outputs)) expect(page).toContain(`\`${name}\``);
});

it('is documented by YAML whose inputs it has, and by commands that parse', async () => {
  const page = await readFile(projectFile('docs/ci.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block);
  expect(blocks.length).toBe(3);
  for (const block of blocks) {
    const found = JSON.stringify(parse(block)).matchAll(/"uses":"OWNER\/ehmam@[^}]*?"with":(\{.*?\})/g);
    for (const [, given = '{}'] of found)
      expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(JSON.parse(given) as object)));
  }
  const calls = blocks.flatMap(callsIn);
  expect(calls.map(([name]) => name)).toEqual(['run', 'gate', 'report']);
  for (const words of calls) expect((await parseLine(words, commands)).kind).toBe('command');
});

/** Runs the scripts of the steps behind the suite as GitHub does, with the compiled program as `ehmam`. */
async function judged(right: number): Promise<{ readonly outputs: string; readonly code: unknown }> {
  const program = join(folder, 'ehmam');
  await writeFile(
    program,
    `#!/bin/sh\nexec "${process.execPath}" "${entry.compiled('src/cli/main.js')}" "$@"\n`,
  );
  await chmod(program, 0o755);
  const record = async (name: string, count: number): Promise<string> => {
    const lines = Array.from({ length: 100 }, (_, i) => ({
      ...{ id: `u${i}`, prediction: i < count ? 'yes' : 'no', reference: 'yes' },
    }));
    const metrics = { accuracy: { value: count / 100, direction: 'higher' as const, utterances: 100 } };
    await writeRecord(join(folder, name), newRecord({ task: { name: 'ks', version: 1 }, metrics }), lines);
    return join(folder, name);
  };
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') };
  for (const file of Object.values(files)) await writeFile(file, '');
  const environment = {
    ...{ ...process.env, ...files, GITHUB_ACTIONS: 'true' },
    PATH: [folder, process.env.PATH].join(delimiter),
    ...{ BASELINE: await record('before', 90), OUT: await record(`after-${right}`, right) },
    ...{ GATE_OPTIONS: '--tolerance 2', EHMAM_CACHE: join(folder, 'cache') },
  };
  const [gate = '', report = '', stop = ''] = scripts.slice(-3);
  const run = (script: string, more: object = {}): Promise<unknown> =>
    new Promise((resolve) =>
      execFile(
        'bash',
        ['-e', '-o', 'pipefail', '-c', script],
        { env: { ...environment, ...more } },
        (error) => resolve(error?.code ?? 0),
      ),
    );
  expect(await run(gate)).toBe(0);
  expect(await run(report)).toBe(0);
  const said = await readFile(files.GITHUB_OUTPUT, 'utf8');
  const [, status = ''] = /^status=(.*)$/m.exec(said) ?? [];
  return { outputs: said, code: status === '0' ? 0 : await run(stop, { STATUS: status }) };
}

it('fails a regression after page, comment and summary are written', async () => {
  const { outputs, code } = await judged(50);
  expect(code).toBe(1);
  expect(outputs).toContain('verdict=regressed\n');
  const [, comment = ''] = /^comment=(.*)$/m.exec(outputs) ?? [];
  const [, page = ''] = /^page=(.*)$/m.exec(outputs) ?? [];
  expect(await readFile(comment, 'utf8')).toMatch(/\*\*gate: regressed: tiny on ks.*\n\| encoder \|/s);
  expect(await readFile(page, 'utf8')).toContain('<table');
  expect(await readFile(join(folder, 'summary'), 'utf8')).toMatch(/regressed.*\n\| encoder \|/s);
});

it('passes results that hold', async () => {
  const { outputs, code } = await judged(89);
  expect(code).toBe(0);
  expect(outputs).toContain('verdict=holds\n');
});
