/** @file `npm run recipe`: recipes of pre-training for more and more updates, what their encoders are worth, and how well they foresee losses. */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { messageOf, UserError } from '../../src/base/errors.js';
import { fileStatus, writeFileAtomic } from '../../src/base/files.js';
import { analyseManifest } from '../../src/cli/analyse/of-manifest.js';
import { listOf } from '../../src/cli/lists.js';
import { runFromSuite } from '../../src/cli/run/from-suite.js';
import { buildMiniSuite, type MiniSuite } from '../../src/data/mini/build.js';
import type { AnalysisReport } from '../../src/pretrain/analyse/of-run.js';
import { formatComparison } from '../../src/results/index.js';
import { interruption } from '../interruption.js';
import { predictionTable } from './prediction-table.js';
import { type Variant, variants } from './variants.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('npm run recipe --')
  .usage(
    '$0: pre-trains with each recipe, for each number of updates; trains the pooled tasks on what comes of it',
  )
  .options({
    variants: { type: 'string', describe: 'some of the recipes: released,own-mean (default: all)' },
    preset: { type: 'string', default: 'tiny', describe: 'the preset that recipes change' },
    updates: { type: 'string', default: '600,1200,2400', describe: 'numbers of updates' },
    seeds: { type: 'string', default: '1', describe: 'seeds of pre-training' },
    work: { type: 'string', default: 'recipe', describe: 'gets settings and the suite' },
    out: { type: 'string', default: 'recipe/out', describe: 'gets encoders, records and table.md' },
    limit: { type: 'number', default: 40, describe: 'held-out utterances for the prediction of losses' },
    jobs: { type: 'number', describe: 'worker processes (default: by processors and memory)' },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
  })
  .example('$0 --variants released,own-mean --updates 600', 'a second time goes on from what is done')
  .strict()
  .parse();

/** One training of one recipe. */
interface Training {
  readonly name: string;
  readonly variant: Variant;
  readonly updates: number;
  readonly seed: number;
}

try {
  await main();
} catch (error) {
  console.error(`recipe: ${messageOf(error)}`);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

async function main(): Promise<void> {
  const { out, work, quiet, jobs } = options;
  const trainings = trainingsOf();
  const mini = await buildMiniSuite({ quiet });
  const suite = await writeSuite(trainings, mini, work);
  const signal = interruption('recipe');
  const { comparison, interrupted, summary } = await runFromSuite({
    ...{ suite, out, quiet, signal, jobs, tasks: undefined, encoders: undefined, seeds: undefined },
    engine: { name: 'onnx', provider: 'cpu' },
  });
  // A recipe that collapses fails alone: the others are told all the same.
  if (summary !== undefined) console.error(summary);
  if (interrupted) {
    process.exitCode = 130;
    return;
  }
  const analyses = new Map<string, AnalysisReport>();
  for (const { name } of trainings) {
    if (signal.aborted) return;
    const report = await analysisOf(join(out, 'encoders', name), mini.tasks.asr);
    if (report !== undefined) analyses.set(name, report);
  }
  const probes = comparison === undefined ? '' : `${formatComparison(comparison, 'markdown')}\n\n`;
  const text = `${probes}${predictionTable(analyses)}\n`;
  await writeFileAtomic(join(out, 'table.md'), text);
  console.log(text);
}

function trainingsOf(): readonly Training[] {
  const names = listOf(options.variants, 'variants') ?? variants.map(({ name }) => name);
  const chosen = names.map((name) => {
    const found = variants.find((variant) => variant.name === name);
    if (found !== undefined) return found;
    throw new UserError(`unknown recipe '${name}'`, {
      hint: `Recipes: ${variants.map((variant) => variant.name).join(', ')}`,
    });
  });
  const numbersOf = (text: string, option: string): number[] => (listOf(text, option) ?? []).map(Number);
  // Few updates of all recipes come first: what is stopped early has a table.
  return numbersOf(options.updates, 'updates').flatMap((updates) =>
    numbersOf(options.seeds, 'seeds').flatMap((seed) =>
      chosen.map((variant) => {
        const ofPreset = options.preset === 'tiny' ? '' : `${options.preset}-`;
        const ofSeed = seed === 1 ? '' : `-seed-${seed}`;
        return { name: `${ofPreset}${variant.name}-${updates}${ofSeed}`, variant, updates, seed };
      }),
    ),
  );
}

/** A file of settings a recipe, and the suite that trains with them. */
async function writeSuite(
  trainings: readonly Training[],
  { pretrain, tasks }: MiniSuite,
  work: string,
): Promise<string> {
  await mkdir(work, { recursive: true });
  for (const { name, settings } of new Set(trainings.map(({ variant }) => variant)))
    await writeFileAtomic(join(work, `${name}.json`), `${JSON.stringify(settings, null, 2)}\n`);
  const suite = {
    name: 'recipe',
    encoders: trainings.map(({ name, variant, updates, seed }) => ({
      name,
      pretrain: {
        ...{ preset: options.preset, config: `./${variant.name}.json`, masking: variant.masking },
        ...{ steps: updates, seed, manifest: resolve(pretrain) },
      },
    })),
    tasks: (['ks', 'ic', 'sid'] as const).map((name) => ({ name, manifest: resolve(tasks[name]) })),
  };
  const file = join(work, 'suite.json');
  await writeFileAtomic(file, `${JSON.stringify(suite, null, 2)}\n`);
  return file;
}

/** How losses are foreseen on audio that no training had; undefined of a run that did not end. */
async function analysisOf(run: string, manifest: string): Promise<AnalysisReport | undefined> {
  if ((await fileStatus(join(run, 'model.safetensors'))) === undefined) return undefined;
  const folder = join(run, 'analysis');
  const file = join(folder, 'analysis.json');
  if ((await fileStatus(file)) === undefined)
    await analyseManifest({
      ...{ checkpoint: run, manifest, split: 'test', limit: options.limit, out: folder, seed: 1 },
      ...{ root: undefined, utterance: undefined, quiet: options.quiet },
      engine: { name: 'onnx', provider: 'cpu' },
    });
  return JSON.parse(await readFile(file, 'utf8')) as AnalysisReport;
}
