/** @file Suite files as people write them: read right, or refused in one line that names what is wrong. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSuite } from './definition.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-suites-'));
});
afterAll(() => rm(folder, { recursive: true }));

const lines = ['name: birds', 'encoders: [fbank]', 'tasks:', '  - { name: ks, manifest: calls.csv }'];

async function load(text: string) {
  const file = join(folder, 'suite.yaml');
  await writeFile(file, text);
  return loadSuite(file);
}

it.each([
  ['a byte-order mark and lines that end with CRLF', `\ufeff${lines.join('\r\n')}\r\n`],
  [
    'JSON in a file of YAML',
    JSON.stringify({ name: 'birds', encoders: ['fbank'], tasks: [{ name: 'ks', manifest: 'calls.csv' }] }),
  ],
  [
    'an anchor and its alias',
    lines.join('\n').replace('birds', '&n birds').replace('[fbank]', '[fbank]\nlr: search'),
  ],
])('a suite is read with %s', async (_what, text) => {
  expect(await load(text)).toMatchObject({
    name: 'birds',
    encoders: ['fbank'],
    tasks: [{ name: 'ks', manifest: join(folder, 'calls.csv') }],
  });
});

describe('a suite is refused, with line and column, for', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (const [i, name] of ['b', 'c', 'd', 'e', 'f', 'g'].entries())
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${'abcdef'[i]}`).join(', ')}]`);
  it.each([
    ['tabs', lines.join('\n').replaceAll('  - ', '\t- '), /:\d+:\d+: invalid YAML: Tabs are not allowed/],
    [
      'a text where a list is meant',
      lines.join('\n').replace('[fbank]', 'fbank'),
      /invalid value for 'encoders': expected a list, got "fbank"/,
    ],
    [
      'a name that is not known',
      lines.join('\n').replace('encoders', 'encoder'),
      /unknown key 'encoder'\. Did you mean 'encoders'\?/,
    ],
    [
      'a task without its manifest',
      lines.join('\n').replace(', manifest: calls.csv', ''),
      /missing key 'tasks\[0\]\.manifest'/,
    ],
    ['aliases that would fill the memory', [...bomb, 'name: *g'].join('\n'), /Excessive alias count/],
    ['nothing in it', '', /expected an object, got null/],
  ])('%s', async (_what, text, message) => {
    const error = (await load(text).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(message);
    for (const line of error.message.split('\n').slice(0, 19)) expect(line).toContain(folder);
  });
});
