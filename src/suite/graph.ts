/** @file From a suite to its jobs: everything checked and hashed once, before any work starts. */

import type { DataSize } from '../api/head-kind.js';
import { engineIdentity } from '../base/engine-identity.js';
import { messageOf, UserError } from '../base/errors.js';
import { lookAlikeRemarks } from '../data/look-alikes.js';
import { type ManifestHashes, manifestHashes } from '../data/manifest.js';
import { storeVersion } from '../features/store.js';
import { recordFolder } from '../results/index.js';
import { dataSizeOf } from './data-size.js';
import {
  checkNames,
  checkWeights,
  type EncoderOptions,
  type PlannedEncoder,
  specEncoders,
} from './encoders.js';
import { planFinetunings, tunedEncoders } from './finetuning.js';
import { checkGpus, withGpu } from './gpus.js';
import {
  type FeaturesJob,
  graphVersion,
  type HeadJob,
  type Job,
  type JobGraph,
  keyOf,
  type Problem,
  seedFolder,
} from './job.js';
import { ownRecord } from './namesake.js';
import { checkTaskNames, DataError, type HashManifest, type PlannedTask, planTask } from './plan.js';
import { planPretrainings } from './pretraining-jobs.js';
import { canProbe } from './probe/plan.js';
import type { Suite, SuiteTask } from './schema.js';

/** The share of utterances whose audio may be unusable, where nobody says it. */
export const usualBadShare = 0.001;

/** What a graph is made of, besides the suite. */
export interface GraphOptions
  extends Pick<JobGraph, 'engine' | 'training' | 'maxBadShare' | 'featureBudgetBytes' | 'plugins' | 'out'>,
    Pick<JobGraph, 'checkpointSeconds' | 'verifyFeatures' | 'revision' | 'tensorboard'>,
    EncoderOptions {
  /** Whether heads that can are trained on every hidden state alone too (default: what the suite says). */
  readonly layerwise?: boolean | undefined;
}

interface TaskToDo {
  readonly wanted: SuiteTask;
  readonly planned: Pick<PlannedTask, 'task' | 'head' | 'hashes' | 'preset'> & {
    /** How many heads a seed has: one, or one a fold. */
    readonly heads: number;
    readonly size: DataSize;
  };
}

/**
 * The jobs of a suite. A task or a pre-training whose data cannot be used is noted as a problem, and the rest is planned.
 * @throws UserError for anything wrong in the call, and for the first problem where nothing is left to plan
 */
export async function planGraph(suite: Suite, options: GraphOptions): Promise<JobGraph> {
  const { engine, training, maxBadShare, out, cacheFolder, seeds } = options;
  const isTuning = (suite.finetune ?? []).length > 0;
  if (suite.tasks.length === 0 && !isTuning)
    throw new UserError('no task was given', { hint: 'Expected at least one' });
  if (suite.encoders.length === 0 && suite.tasks.length > 0)
    throw new UserError('no encoder was given', { hint: 'Expected at least one, such as fbank' });
  checkTaskNames(suite.tasks);
  checkGpus(suite, engine);
  const problems: Problem[] = [];
  const errors: Error[] = [];
  const noted = async <T>(title: string, plan: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await plan();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push({ title, message: messageOf(error) });
      errors.push(error);
      return undefined;
    }
  };
  const hashOnce = hashingOnce();
  const tasks: TaskToDo[] = [];
  for (const wanted of suite.tasks) {
    const planned = await noted(`task ${wanted.name}`, () =>
      planTask(wanted, training, maxBadShare, hashOnce),
    );
    if (planned === undefined) continue;
    for (const remark of lookAlikeLabels(planned)) options.remark?.(`task ${wanted.name}: ${remark}`);
    // The utterances are not needed any more.
    const { task, head, hashes, preset, folds, data } = planned;
    const size = dataSizeOf(data, hashes.seconds);
    const { settingsSource: _, ...kept } = wanted;
    tasks.push({ wanted: kept, planned: { task, head, hashes, preset, heads: folds?.length ?? 1, size } });
  }
  const probeTasks = tasks.filter(({ planned }) => canProbe(planned)).map(({ wanted }) => wanted);
  const { pretraining, pretrained, plugins } = await planPretrainings(
    suite,
    { ...options, probeTasks },
    hashOnce,
    noted,
  );
  const tunings = await planFinetunings(suite, { ...options, pretrained, hashOnce }, noted);
  for (const { plugins: modules } of tunings) for (const module of modules) plugins.add(module);
  const finetuning = tunings.flatMap(({ jobs }) => jobs);
  const encoders: PlannedEncoder[] = [];
  for (const encoder of suite.encoders) {
    const name = typeof encoder === 'string' ? encoder : encoder.name;
    const planned = pretrained.get(name);
    if (planned !== undefined) encoders.push(planned);
    else if (typeof encoder !== 'string') continue;
    else if (suite.finetune?.some((entry) => entry.name === name))
      encoders.push(...tunedEncoders(tunings, name, seeds));
    else if (suite.tasks.length > 0) encoders.push(...(await specEncoders(encoder, options)));
  }
  await checkWeights(encoders, options);
  checkNames(encoders.map(({ source, seeds }) => ({ ...source, seeds })));
  const [first] = errors;
  if (first !== undefined && finetuning.length === 0 && (tasks.length === 0 || encoders.length === 0))
    throw first;
  const placed = { seedFolders: seeds.length > 1, out };
  for (const encoder of encoders) for (const task of tasks) await refuseNamesake(encoder, task, placed);
  const features = new Map<string, FeaturesJob>();
  const heads: HeadJob[] = [];
  const common = { engine: engineIdentity(engine), maxBadShare, graphVersion };
  const { layerwise = suite.layerwise ?? false } = options;
  if (layerwise) for (const remark of notLayerwise(tasks)) options.remark?.(remark);
  const graph = { ...placed, layerwise };
  for (const encoder of encoders) {
    for (const task of tasks) {
      const parts = featuresJobs(encoder, task, suite, common);
      for (const part of parts) if (!features.has(part.key)) features.set(part.key, part);
      heads.push(...headJobs(encoder, task, parts, suite, { ...common, ...graph }));
    }
  }
  return {
    version: 2,
    suite: suite.name,
    folder: process.cwd(),
    out,
    seedFolders: placed.seedFolders,
    cacheFolder,
    engine,
    training,
    maxBadShare,
    featureBudgetBytes: options.featureBudgetBytes,
    verifyFeatures: options.verifyFeatures,
    checkpointSeconds: options.checkpointSeconds,
    ...(options.tensorboard !== undefined && { tensorboard: options.tensorboard }),
    plugins: [...plugins],
    revision: options.revision,
    jobs: [...pretraining, ...finetuning, ...features.values(), ...heads].map((job: Job) =>
      withGpu(job, engine),
    ),
    problems,
  };
}

/**
 * What the suite itself trains has no hash yet: its heads ask before they start.
 * @throws UserError where the result of another encoder of its name is in the place of one of this encoder's
 */
async function refuseNamesake(
  { source, seeds }: PlannedEncoder,
  { planned }: TaskToDo,
  placed: Pick<JobGraph, 'seedFolders' | 'out'>,
): Promise<void> {
  const { hash } = source;
  if (hash === undefined) return;
  for (const seed of seeds) await ownRecord(seedFolder(placed, seed), { ...source, hash }, planned.task.name);
}

/** Each manifest is hashed once for all that use it. */
function hashingOnce(): HashManifest {
  const known = new Map<string, Promise<ManifestHashes>>();
  return (file, root, mostMissing) => {
    const name = JSON.stringify([file, root, mostMissing]);
    const hashes = known.get(name) ?? manifestHashes(file, root, mostMissing);
    known.set(name, hashes);
    return hashes;
  };
}

interface Common {
  readonly engine: readonly string[];
  readonly maxBadShare: number;
  readonly graphVersion: number;
}

function featuresJobs(
  { source, identity, needs }: PlannedEncoder,
  { wanted, planned }: TaskToDo,
  suite: Suite,
  common: Common,
): FeaturesJob[] {
  const { head, hashes, task, size } = planned;
  const utterances = size.train.utterances + size.dev.utterances + size.test.utterances;
  const reads = head.kind.reads(head.settings);
  const { store } = reads;
  const frameType = reads.store === 'frames' ? reads.type : undefined;
  const { shards = 1, ...resources } = suite.resources?.features ?? {};
  return Array.from({ length: shards }, (_, index) => {
    const part = { index, of: shards };
    return {
      kind: 'features',
      key: keyOf(['features', storeVersion, identity, hashes.audio, store, frameType, part, common.engine]),
      needs,
      title: `${task.name} features of ${source.name}${shards > 1 ? ` (${index + 1} of ${shards})` : ''}`,
      resources,
      work: hashes.seconds / shards,
      encoder: source,
      task: wanted,
      hashes,
      utterances,
      store,
      frameType,
      part,
    };
  });
}

function headJobs(
  { source, identity, seeds, needs }: PlannedEncoder,
  { wanted, planned }: TaskToDo,
  parts: readonly FeaturesJob[],
  suite: Suite,
  common: Common & { readonly seedFolders: boolean; readonly out: string; readonly layerwise: boolean },
): HeadJob[] {
  const { task, head, hashes, preset, heads, size } = planned;
  const { out: _, layerwise: asked, ...decides } = common;
  const layerwise = asked && head.kind.trainLayers !== undefined;
  const groups = head.kind.seedsTogether ? [seeds] : seeds.map((seed) => [seed]);
  return groups.map((group) => ({
    kind: 'head',
    key: keyOf([
      'head',
      ...[identity, task.name, task.version, hashes.rows, preset, settingsOf(head), group, decides],
      // Two names of one encoder have a record each.
      recordFolder('', source.name, task.name),
      ...(layerwise ? ['layerwise'] : []),
    ]),
    needs: [...new Set([...needs, ...parts.map(({ key }) => key)])],
    title: `${task.name} head on ${source.name}${seeds.length > 1 || common.seedFolders ? `, seed ${group.join()}` : ''}`,
    resources: suite.resources?.head ?? {},
    ...costOf(head, group.length * heads, size, layerwise),
    encoder: source,
    task: wanted,
    hashes,
    seeds: group,
    ...(layerwise && { layerwise }),
  }));
}

/** How many times more heads there are layer by layer: an encoder has some ten hidden states. */
const layersGuess = 10;

function costOf({ kind, settings }: PlannedTask['head'], heads: number, size: DataSize, layerwise: boolean) {
  const { work, secondsPerUnit } = kind.cost(settings, heads, size);
  return { work, secondsPerUnit: layerwise ? layersGuess * secondsPerUnit : secondsPerUnit };
}

/** What decides the result; settings of reading are there where any is set. */
const settingsOf = ({ settings, reading }: PlannedTask['head']): unknown =>
  Object.values(reading).every((value) => value === undefined) ? settings : [settings, reading];

/** What is said of tasks whose heads are not trained layer by layer. */
function notLayerwise(tasks: readonly TaskToDo[]): string[] {
  return tasks.flatMap(({ planned: { task, head } }) =>
    head.kind.trainLayers === undefined
      ? [
          `task ${task.name}: heads of kind ${head.kind.kind} cannot be trained layer by layer; the setting 'layers: [9]' trains one on chosen layers`,
        ]
      : [],
  );
}

/** Labels that look like one class and are several. */
function lookAlikeLabels({ task, data }: PlannedTask): string[] {
  const rows = [...data.train, ...data.dev, ...data.test];
  return (task.classes ?? []).flatMap((column) =>
    lookAlikeRemarks(column, new Set(rows.map(({ columns }) => columns[column] ?? ''))),
  );
}
