/** @file Prints how often an utterance passes the encoder in SUPERB's recipes, by task, beside how often it does here (npm run bench:passes). */
import { knownCorpora } from '../../src/cli/validate/official.js';
import { headKinds } from '../../src/heads/registry.js';
import { presetSettings } from '../../src/suite/plan.js';
import { builtInTasks } from '../../tasks/index.js';

/** What the recipes of all trained heads say. */
interface Recipe {
  readonly batchSize: number;
  readonly accumulation?: number;
  readonly maximumUpdates: number;
  readonly evaluateEvery: number;
  readonly chooseOn?: 'dev' | 'test';
  readonly crops?: { readonly perUtterance: number };
}

const kindOf: Readonly<Record<string, string>> = {
  pr: 'frame-ctc',
  asr: 'frame-ctc',
  sf: 'frame-ctc',
  asv: 'x-vector',
  sd: 'speaker-activity',
};

/** Settings of the preset superb, as a suite has them. */
function recipeOf(name: string): Recipe {
  const kind = headKinds.find(kindOf[name] ?? 'pooled-linear');
  const task = builtInTasks.find((one) => one.name === name);
  return presetSettings(kind, task ?? {}, 'superb').settings as Recipe;
}

interface Passes {
  readonly reference: number;
  readonly here: number;
}

/**
 * s3prl encodes every batch and every look at dev anew, once a fold; here an utterance is encoded once, a crop that the recipe
 * draws anew each time as often as the preset keeps crops of it (an upper bound: short utterances are not cropped).
 */
function passesOf(name: string): Passes {
  const { splits, folds } = knownCorpora[name] ?? { splits: {}, folds: undefined };
  const { batchSize, accumulation = 1, maximumUpdates, evaluateEvery, chooseOn, crops } = recipeOf(name);
  const parts = Object.values(folds ?? { all: sizes(splits) });
  const updates = maximumUpdates * batchSize * accumulation;
  const looks = Math.floor(maximumUpdates / evaluateEvery);
  const reference = parts.reduce(
    (sum, { dev, test }) => sum + updates + looks * (chooseOn === 'test' ? test : dev) + test,
    0,
  );
  const [{ train, dev, test } = { train: 0, dev: 0, test: 0 }] = parts;
  const cropsEach = name === 'sid' || name === 'asv' ? (crops?.perUtterance ?? 1) : 1;
  return { reference, here: train * cropsEach + dev + test };
}

function sizes(splits: Readonly<Partial<Record<'train' | 'dev' | 'test', { readonly utterances: number }>>>) {
  const { train, dev, test } = splits;
  return { train: train?.utterances ?? 0, dev: dev?.utterances ?? 0, test: test?.utterances ?? 0 };
}

for (const name of Object.keys(knownCorpora).toSorted()) {
  const { reference, here } = passesOf(name);
  const ratio = (reference / here).toFixed(1);
  console.log(
    `${name.padEnd(4)} ${String(reference).padStart(10)} ${String(here).padStart(8)} ${ratio.padStart(7)} times fewer`,
  );
}
