/** @file Puts into `dist/bundled` the parts in use of packages that weigh a hundred times more: the gradients of TensorFlow.js, the chart library. */
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const { resolve } = createRequire(import.meta.url);
const core = dirname(dirname(resolve('@tensorflow/tfjs-core')));
const charts = dirname(resolve('echarts/package.json'));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const folder = join(dist, 'bundled');

/** What the bundle is made of: where this is what stands beside it, it need not be made again. */
const versions = JSON.stringify({
  'tfjs-core': await versionIn(core),
  echarts: await versionIn(charts),
  bundle: 1,
});
const before = await readFile(join(folder, 'versions.json'), 'utf8').catch(() => undefined);
if (before !== versions) {
  const place = join(dist, `.bundling-${process.pid}`);
  await mkdir(place, { recursive: true });
  await bundleTensorflow(place);
  await copyFile(join(charts, 'dist', 'echarts.common.min.js'), join(place, 'echarts.js'));
  await copyFile(join(charts, 'LICENSE'), join(place, 'echarts.LICENSE'));
  await copyFile(join(charts, 'NOTICE'), join(place, 'echarts.NOTICE'));
  await writeFile(join(place, 'versions.json'), versions);
  await rm(folder, { recursive: true, force: true });
  await rename(place, folder);
}

/**
 * The gradients of TensorFlow.js and the operations as methods of tensors, which `tfjs-core` has only as files that Node does
 * not load. They find the engine, the registry and the class of `tfjs-core` where it keeps them, in the global object, as
 * the copies inside the package `@tensorflow/tfjs` do.
 */
async function bundleTensorflow(place) {
  const entry = ['register_all_gradients.js', 'public/chained_ops/register_all_chained_ops.js']
    .map((file) => `import ${JSON.stringify(join(core, 'dist', file))};`)
    .join('\n');
  const bundle = await rolldown({
    input: 'entry',
    platform: 'node',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : undefined),
        load: (id) => (id === 'entry' ? { code: entry, moduleSideEffects: true } : undefined),
      },
    ],
  });
  await bundle.write({
    file: join(place, 'tensorflow.js'),
    format: 'esm',
    minify: true,
    comments: { legal: false },
    postBanner:
      '/*! TensorFlow.js 4, (c) Google LLC, Apache License 2.0: see echarts.LICENSE for its text */',
  });
  await bundle.close();
}

async function versionIn(folder) {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version;
}
