/** @file The linter keeps the layers apart: a planted cycle and planted upward imports fail, a good tree passes. */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFile } from '../src/base/package.js';

const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-layers-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the project's own linter settings say of a tree of files. */
async function lint(
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<{ readonly passed: boolean; readonly text: string }> {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await copyFile(projectFile('biome.json'), join(root, 'biome.json'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', '.'], {
    cwd: root,
    encoding: 'utf8',
  });
  return { passed: status === 0, text: stdout + stderr };
}

const one = 'export const one = 1;\n';
const uses = (path: string): string => `import { one } from '${path}';\n\nexport const two = 2 * one;\n`;

test('a tree whose imports point down passes', async () => {
  const { passed, text } = await lint('good', {
    'src/base/one.ts': one,
    'src/nn/layer.ts': uses('../base/one.js'),
    'src/heads/pooled-linear/model.ts': uses('../../nn/layer.js'),
    'src/api/index.ts': uses('../nn/layer.js'),
    'src/cli/run.ts': uses('../../tasks/ks/index.js'),
    'tasks/ks/index.ts': uses('../../src/api/index.js'),
  });
  expect(text).not.toMatch(/×/);
  expect(passed).toBe(true);
});

test('a cycle fails, of types alone too', async () => {
  const { passed, text } = await lint('cycle', {
    'src/nn/a.ts': "import type { B } from './b.js';\n\nexport type A = { readonly b?: B };\n",
    'src/nn/b.ts': "import type { A } from './a.js';\n\nexport type B = { readonly a?: A };\n",
  });
  expect(text).toMatch(/noImportCycles/);
  expect(passed).toBe(false);
});

test.each([
  ['src/nn/layer.ts', '../heads/model.js', 'src/heads/model.ts'],
  ['src/base/errors.ts', '../metrics/rate.js', 'src/metrics/rate.ts'],
  ['src/engine/kernels/add.ts', '../../nn/layer.js', 'src/nn/layer.ts'],
  ['src/results/page/masks.ts', '../../suite/plan.js', 'src/suite/plan.ts'],
  ['src/results/page/masked.ts', '../../pretrain/model.js', 'src/pretrain/model.ts'],
  ['src/results/compare.ts', '../heads/model.js', 'src/heads/model.ts'],
  ['src/suite/plan.ts', '../cli/run.js', 'src/cli/run.ts'],
  ['src/heads/model.ts', '../../tasks/index.js', 'tasks/index.ts'],
  ['tasks/ks/index.ts', '../../src/heads/model.js', 'src/heads/model.ts'],
])('%s may not import %s', async (file, path, other) => {
  const { passed, text } = await lint(`up-${file.replaceAll('/', '-')}`, {
    [file]: uses(path),
    [other]: one,
  });
  expect(text).toMatch(/noRestrictedImports/);
  expect(passed).toBe(false);
});

test('TensorFlow.js comes in by one door', async () => {
  const source = "import * as tf from '@tensorflow/tfjs-core';\n\nexport const zero = tf.scalar(0);\n";
  expect((await lint('door', { 'src/engine/ops.ts': source })).passed).toBe(true);
  const { passed, text } = await lint('window', { 'src/nn/layer.ts': source });
  expect(text).toMatch(/the one door/);
  expect(passed).toBe(false);
});

test('a file name in camelCase fails', async () => {
  const { passed, text } = await lint('names', { 'src/nn/layerNorm.ts': one });
  expect(text).toMatch(/useFilenamingConvention/);
  expect(passed).toBe(false);
});
