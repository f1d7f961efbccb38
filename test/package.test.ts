/** @file The packed package: what is in it, that it runs from an empty folder, that plug-ins compile against its types. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type PackedPackage, packPackage } from './packed.fixture.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

let packed: PackedPackage;
beforeAll(async () => {
  packed = await packPackage();
});
afterAll(() => packed.remove());

test('holds what the program reads and nothing else, in less than a megabyte', () => {
  const others = packed.files.filter(
    (path) => !/^dist\/(src|tasks)\/.*(?<!\.(test|fixture))\.js$/.test(path),
  );
  const pages = others.filter((path) => /^docs\/[a-z0-9-]+\.md$/.test(path));
  expect(pages).toContain('docs/troubleshooting.md');
  expect(others.filter((path) => !path.endsWith('.d.ts') && !pages.includes(path))).toEqual([
    'LICENSE',
    'README.md',
    'dist/bundled/echarts.LICENSE',
    'dist/bundled/echarts.NOTICE',
    'dist/bundled/echarts.js',
    'dist/bundled/tensorflow.js',
    'manifests/mini/README.md',
    'manifests/mini/sentences.txt',
    'manifests/mini/study.yaml',
    'manifests/mini/suite.json',
    'manifests/mini/superb.json',
    'package.json',
    'results/published/low-resource-asr.json',
    'results/published/superb.json',
    'src/cli/ehmam.js',
    'src/results/page/page.css',
    'tasks/README.md',
  ]);
  expect(others.filter((path) => path.endsWith('.d.ts') && !path.startsWith('dist/src/'))).toEqual([]);
  expect(packed.bytes).toBeLessThan(1e6);
});

test('runs from an empty folder, with the files that it reads', async () => {
  expect(await packed.run(['list', 'tasks'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^asr .*^ks /ms),
  });
  expect(await packed.run(['list', 'corpora'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^mini /),
  });
  expect(await packed.run(['help', 'troubleshooting'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('onnxruntime'),
  });
  const baseline = join(import.meta.dirname, '..', 'results', 'mini', 'baseline');
  const compare = await packed.run(['compare', baseline, '--published', 'superb']);
  expect(compare).toMatchObject({ code: 0, stdout: expect.stringContaining('WavLM') });
  const report = await packed.run(['report', baseline, '--out', 'page.html', '--quiet']);
  expect(report).toMatchObject({ code: 0, stderr: '' });
  expect(await readFile(join(packed.folder, 'page.html'), 'utf8')).toContain('<table');
});

const source = `import { accuracy, type Plugin, type Task, UserError } from 'ehmam';

const words: Task = {
  name: 'words',
  version: 1,
  summary: 'which word',
  columns: ['word'],
  metrics: [{ name: 'accuracy', direction: 'higher' }],
  head({ train }) {
    const classes = [...new Set(train.map(({ columns }) => columns.word ?? ''))].sort();
    if (classes.length < 2) throw new UserError('too few words', { hint: 'Add some' });
    return { kind: 'pooled-linear', slots: [{ column: 'word', classes }] };
  },
  evaluate() {
    return { accuracy: { value: accuracy([['a']], [['a']]).rate, shares: [] } };
  },
};

export default { apiVersion: 1, tasks: [words] } satisfies Plugin;
`;

test('has types that a plug-in compiles against, and a mistake is one', async () => {
  const project = join(packed.folder, 'plug-in');
  await mkdir(project);
  const compilerOptions = {
    ...{ target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true },
    ...{ skipLibCheck: true, types: [], outDir: 'out' },
  };
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['index.ts'] }));
  await writeFile(join(project, 'index.ts'), source);
  expect(await packed.compile(project)).toMatchObject({ code: 0, stdout: '' });
  const list = await packed.run(['list', 'tasks', '--plugin', './plug-in/out/index.js']);
  expect(list).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^words .*accuracy \(\.\/plug-in\/out\/index\.js\)$/m),
  });
  await writeFile(join(project, 'index.ts'), source.replace("direction: 'higher'", "direction: 'up'"));
  expect(await packed.compile(project)).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/index\.ts.*"up"/),
  });
});
