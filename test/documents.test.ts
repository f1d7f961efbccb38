/** @file The documents on the house name rooms that are there. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFile } from '../src/base/package.js';

const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'tasks/README.md', 'bench/README.md'],
  ...readdirSync(projectFile('docs')).map((name) => `docs/${name}`),
];

test.each(documents)('the links of %s lead to files', async (document) => {
  const text = await readFile(projectFile(document), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, path = '']) => path);
  const local = links.filter((path) => !/^[a-z]+:/.test(path));
  const missing = local.filter((path) => !existsSync(join(dirname(projectFile(document)), path)));
  expect(missing).toEqual([]);
});

test.each(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('the files that %s names are there', async (document) => {
  const text = await readFile(projectFile(document), 'utf8');
  const names = [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*|[\w-]+\.(?:ts|json))(?::\w+)?`/g)].map(
    ([, name = '']) => name,
  );
  expect(names.length).toBeGreaterThan(10);
  // A name in a walk may be short: of a file that stands in one folder of the program alone, or from `src`.
  const folders = [
    '',
    'src',
    'src/training',
    'src/pretrain',
    'src/features',
    'src/api',
    'src/engine',
    'src/encoders/onnx',
    'src/encoders/huggingface',
    'src/finetune',
    'src/results',
    'src/suite',
    'src/base',
    'src/finetune',
    'src/encoders',
    'src/encoders/huggingface',
  ];
  const written = new Set([
    'analysis.json',
    'config.json',
    'encoder.json',
    'evaluation.json',
    'finetuning.json',
    'layers.json',
    'package.json',
    'registry.ts',
    'commands.ts',
    'index.ts',
    'kernels.test.ts',
  ]);
  const missing = names.filter(
    (name) =>
      !written.has(name) &&
      !name.startsWith('.ehmam') &&
      !folders.some((folder) => existsSync(projectFile(join(folder, name)))),
  );
  expect(missing).toEqual([]);
});
