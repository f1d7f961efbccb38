/** @file The jobs of a suite's `finetune` entries: a training for every encoder, fold and seed. */

import { join } from 'node:path';
import type { SettingChange } from '../base/changed-settings.js';
import { engineIdentity } from '../base/engine-identity.js';
import { UserError } from '../base/errors.js';
import { sha256OfFile } from '../base/files.js';
import { loadUtterances } from '../data/manifest.js';
import { type DecodingLm, decodingLmSchema } from '../finetune/decoding/settings.js';
import { planFinetuning } from '../finetune/plan.js';
import { type EncoderOptions, type PlannedEncoder, specEncoders } from './encoders.js';
import { checkEntryNames, type FinetuneEntry, foldMark } from './finetune-definition.js';
import { type FinetuneJob, graphVersion, type JobGraph, keyOf } from './job.js';
import { DataError, type HashManifest } from './plan.js';
import type { Suite } from './schema.js';

/** What is trained by an entry; the names of all its trainings are its own. */
export interface PlannedFinetuning {
  readonly entry: string;
  readonly jobs: readonly FinetuneJob[];
  readonly plugins: readonly string[];
}

interface Options extends EncoderOptions, Pick<JobGraph, 'engine' | 'out'> {
  /** Encoders that the suite pre-trains, by name; undefined where that could not be planned. */
  readonly pretrained: ReadonlyMap<string, PlannedEncoder | undefined>;
  readonly hashOnce: HashManifest;
}

/**
 * Plans every entry by itself.
 * @param noted plans what may be left out where its data cannot be used
 * @throws UserError for names that clash, an encoder that is not there, unknown presets and settings
 */
export async function planFinetunings(
  suite: Suite,
  options: Options,
  noted: <T>(title: string, plan: () => Promise<T>) => Promise<T | undefined>,
): Promise<PlannedFinetuning[]> {
  const { finetune: entries = [] } = suite;
  checkEntryNames(entries, [...options.pretrained.keys()]);
  const planned: PlannedFinetuning[] = [];
  for (const entry of entries) {
    const found = await noted(`fine-tuning ${entry.name}`, () => planEntry(entry, suite, options));
    if (found !== undefined) planned.push(found);
  }
  const names = planned.flatMap(({ jobs }) => jobs.map(({ name }) => name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return planned;
  throw new UserError(`duplicate name of a fine-tuning: '${twice}'`, {
    hint: 'Rename an entry or one of its encoders',
  });
}

/** What comes of an entry's trainings, as encoders for heads. */
export function tunedEncoders(
  tunings: readonly PlannedFinetuning[],
  entry: string,
  seeds: readonly number[],
): PlannedEncoder[] {
  const jobs = tunings.find((each) => each.entry === entry)?.jobs ?? [];
  return jobs.map(({ name, out, key }) => ({
    source: { name, spec: out, seed: seeds[0] ?? 0 },
    identity: key,
    seeds,
    needs: [key],
  }));
}

async function planEntry(entry: FinetuneEntry, suite: Suite, options: Options): Promise<PlannedFinetuning> {
  const { folds = [undefined] } = entry;
  const jobs: FinetuneJob[] = [];
  const plugins = new Set<string>();
  for (const seed of entry.seeds ?? [undefined]) {
    const { plugins: modules, ...training } = await planFinetuning({
      preset: entry.preset,
      config: entry.config,
      changes: changesOf(entry.settings ?? {}),
      steps: entry.steps,
      seed,
    });
    for (const module of modules) plugins.add(module);
    for (const encoder of await encodersOf(entry, suite, options, training.settings.seed))
      for (const fold of folds)
        jobs.push(await planJob({ entry, encoder, fold, seed, ...training }, suite, options));
  }
  return { entry: entry.name, jobs, plugins: [...plugins] };
}

/** Those that the entry names, or all of the suite's that have something to train. */
async function encodersOf(
  { name, encoders }: FinetuneEntry,
  suite: Suite,
  options: Options,
  seed: number,
): Promise<PlannedEncoder[]> {
  const entries = new Set((suite.finetune ?? []).map((entry) => entry.name));
  const all = suite.encoders.map((encoder) => (typeof encoder === 'string' ? encoder : encoder.name));
  const wanted = encoders ?? all.filter((spec) => !entries.has(spec));
  if (wanted.length === 0) {
    throw new UserError(`the finetune entry '${name}' has no encoder`, {
      hint: 'List encoders in the entry or in the suite',
    });
  }
  const found: PlannedEncoder[] = [];
  for (const spec of wanted) {
    if (!options.pretrained.has(spec)) {
      const planned = await specEncoders(spec, { ...options, seeds: [seed] });
      if (planned.every(({ source }) => source.parameters !== 0)) found.push(...planned);
      else if (encoders !== undefined)
        throw new UserError(
          `the finetune entry '${name}': the encoder '${spec}' has no parameters to train`,
          {
            hint: 'Remove it from the entry: heads are trained on it all the same',
          },
        );
      continue;
    }
    const encoder = options.pretrained.get(spec);
    if (encoder === undefined) throw new DataError(`the encoder '${spec}' cannot be pre-trained`);
    found.push(encoder);
  }
  return found;
}

/** A training before its data is looked at. */
interface Training extends Pick<FinetuneJob, 'settings' | 'preset'> {
  readonly entry: FinetuneEntry;
  readonly encoder: PlannedEncoder;
  readonly fold: number | string | undefined;
  /** The one that the entry asks for. */
  readonly seed: number | undefined;
}

async function planJob(
  { entry, encoder, fold, seed, settings, preset }: Training,
  suite: Suite,
  { engine, out, hashOnce }: Options,
): Promise<FinetuneJob> {
  const { root, dev, seeds = [] } = entry;
  const manifest = fold === undefined ? entry.manifest : entry.manifest.replaceAll(foldMark, String(fold));
  const { rows, seconds, devRows } = await hashesOf({ manifest, dev, root }, hashOnce);
  const lm = decodingOf(entry);
  const { source, identity, needs } = encoder;
  const name = [
    source.name.replaceAll(/[^\w.+-]+/g, '-'),
    entry.name,
    ...(fold === undefined ? [] : [`fold-${fold}`]),
    ...(seeds.length > 1 ? [`seed-${seed}`] : []),
  ].join('-');
  const anUpdate = Math.min(seconds, (settings.batch.samples * settings.batch.accumulation) / 16_000);
  return {
    kind: 'finetune',
    key: keyOf([
      ...['finetune', graphVersion, name, identity, settings, preset, rows, devRows],
      ...[lm === undefined ? null : await withHashes(lm), ...engineIdentity(engine)],
    ]),
    needs,
    title: `fine-tune ${name}`,
    resources: suite.resources?.finetune ?? {},
    work: settings.updates * anUpdate,
    encoder: source,
    entry: entry.name,
    name,
    settings,
    preset,
    manifest,
    dev,
    root,
    ...(lm !== undefined && { lm }),
    out: join(out, 'finetuned', name),
  };
}

/** What the data of a training is known by. */
async function hashesOf(
  { manifest, dev, root }: Pick<FinetuneEntry, 'manifest' | 'dev' | 'root'>,
  hashOnce: HashManifest,
) {
  try {
    const read = { root, columns: ['text'], keepColumns: false };
    await loadUtterances(manifest, { ...read, splits: dev === undefined ? ['train', 'dev'] : ['train'] });
    if (dev !== undefined) await loadUtterances(dev, { ...read, splits: ['dev'] });
    const { rows, seconds } = await hashOnce(manifest, root);
    return { rows, seconds, devRows: dev === undefined ? null : (await hashOnce(dev, root)).rows };
  } catch (error) {
    throw DataError.of(error);
  }
}

function decodingOf({ lm, lexicon }: FinetuneEntry): DecodingLm | undefined {
  return lm === undefined ? undefined : decodingLmSchema.parse({ arpa: lm, lexicon });
}

/** What files hold decides what is decoded, not where they lie. */
async function withHashes({ arpa, lexicon, ...settings }: DecodingLm): Promise<unknown> {
  return [settings, await sha256OfFile(arpa), lexicon === undefined ? null : await sha256OfFile(lexicon)];
}

/** Nested settings one by one, as `--set` has them. */
function changesOf(
  settings: Readonly<Record<string, unknown>>,
  before: readonly string[] = [],
): SettingChange[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const path = [...before, name];
    return isGroup(value) ? changesOf(value, path) : [{ key: path.join('.'), value }];
  });
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
