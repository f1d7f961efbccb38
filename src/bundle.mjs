/** @file Puts into `dist/bundled` the parts in use of packages that weigh a hundred times more: the gradients of TensorFlow.js, the chart library. */
import { createHash } from 'node:crypto';
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

/** Modules of the chart library whose work our charts have no use for, and what stands in their place. */
const notUsed = {
  // Words of tools that they do not have, in a language that pages do not have.
  '/i18n/langZH.js': 'export default {};',
  // Patterns, which it draws with a painter that is not bundled otherwise.
  '/util/decal.js': 'export const createOrUpdatePatternFromDecal = () => null;',
  // Tooltips as markup: theirs are drawn.
  '/tooltip/TooltipHTMLContent.js': 'export default class {}',
};

/** What the bundle is made of: where this is what stands beside it, it need not be made again. */
const versions = JSON.stringify({
  'tfjs-core': await versionIn(core),
  echarts: await versionIn(charts),
  bundle: createHash('sha256')
    .update(await readFile(new URL(import.meta.url)))
    .digest('hex'),
});
const before = await readFile(join(folder, 'versions.json'), 'utf8').catch(() => undefined);
if (before !== versions) {
  const place = join(dist, `.bundling-${process.pid}`);
  await mkdir(place, { recursive: true });
  await bundle(tensorflow(), join(place, 'tensorflow.js'), {
    format: 'esm',
    postBanner: '/*! TensorFlow.js, Copyright Google LLC, Apache License 2.0: see echarts.LICENSE */',
  });
  await bundle(chartLibrary(), join(place, 'echarts.js'), {
    format: 'iife',
    name: 'echarts',
    postBanner: await licenceOf(join(charts, 'index.js')),
  });
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
function tensorflow() {
  const files = ['register_all_gradients.js', 'public/chained_ops/register_all_chained_ops.js'];
  return files.map((file) => `import ${JSON.stringify(join(core, 'dist', file))};`).join('\n');
}

/** What `src/results/page/browser/charts.ts` draws with. */
function chartLibrary() {
  return `
    import { init, use } from 'echarts/core';
    import { LineChart, ScatterChart } from 'echarts/charts';
    import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
    import { SVGRenderer } from 'echarts/renderers';
    use([LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);
    export { init };`;
}

/** One file of an entry and all that it imports, made small. */
async function bundle(code, file, output) {
  const made = await rolldown({
    input: 'entry',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? fileURLToPath(new URL('entry.js', import.meta.url)) : undefined),
        load: (id) => {
          if (id.endsWith('/src/entry.js')) return { code, moduleSideEffects: true };
          const unused = Object.keys(notUsed).find((end) => id.endsWith(end));
          return unused === undefined ? undefined : { code: notUsed[unused] };
        },
      },
    ],
  });
  await made.write({ file, minify: true, comments: { legal: false }, ...output });
  await made.close();
}

/** The comment with which a file begins: it goes into every page. */
async function licenceOf(file) {
  const [comment] = /\/\*[\s\S]*?\*\//.exec(await readFile(file, 'utf8'));
  return comment;
}

async function versionIn(folder) {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).version;
}
