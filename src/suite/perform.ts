/** @file Does the work of one job; what was loaded for one stays for the next. */
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { UserError } from '../base/errors.js';
import { sayingWhatToDo } from '../base/runtime-failures.js';
import { loadUtterances } from '../data/manifest.js';
import type { Encoder } from '../encoders/encoder.js';
import { loadEncoder } from '../encoders/load.js';
import { configFile, weightsFile } from '../encoders/own-folder.js';
import { createEngine } from '../engine/create.js';
import type { Engine } from '../engine/engine.js';
import { remarkText } from '../engine/remarks.js';
import { checkLayers } from '../features/some-layers.js';
import { extractPart, type FeatureStorage, openFeatures, storeName } from '../features/store.js';
import { finetune } from '../finetune/train.js';
import { loadPlugins } from '../plugins/load.js';
import { analyseRun } from '../pretrain/analyse/of-run.js';
import { runFolder } from '../pretrain/run-folder.js';
import { stepScalars } from '../pretrain/step-scalars.js';
import { pretrain } from '../pretrain/train.js';
import { readWarmStart, type WarmStart } from '../pretrain/warm-start.js';
import { finetuningFileName } from '../results/finetuning-file.js';
import { layersFileName } from '../results/layers-file.js';
import type { Probed } from '../results/probes-file.js';
import { scalarLog } from '../training/scalar-log.js';
import { waitingText } from '../training/waiting.js';
import { hasLayers } from './evaluate-layers.js';
import { headLogs } from './head-logs.js';
import {
  type EncoderSource,
  type FeaturesJob,
  type FinetuneJob,
  type HeadJob,
  type Job,
  type JobGraph,
  type PretrainJob,
  seedFolder,
} from './job.js';
import { type PlannedTask, planTask } from './plan.js';
import { planProbes } from './probe/plan.js';
import { probingOf } from './probe/probe.js';
import { probedText, probeScalars } from './probe/text.js';
import { evaluateInto } from './record-heads.js';
import { suiteLocks } from './slurm/liveness.js';

/** How a job is done. */
export interface Conditions {
  /** Threads of the engine (default: what the graph says, else all cores). */
  readonly threads?: number | undefined;
  /** Which CUDA device computes (default: the first). */
  readonly device?: number | undefined;
  /** When it is aborted, a job that can go on later stops at such a place. */
  readonly signal: AbortSignal;
  /** Told how much of the job is done, from 0 to 1. */
  readonly onProgress: (share: number, note?: string) => void;
}

/** What came of a job. */
export interface Performed {
  readonly finished: boolean;
  /** Files it made, from the results folder. */
  readonly outputs: readonly string[];
  /** Of features: the store's folder. */
  readonly store?: string;
  /** What is to be known of how it was done, a line a remark. */
  readonly remark?: string | undefined;
}

/** Keeps what a job remarks on, each remark once. */
function collectedRemarks() {
  const told = new Set<string>();
  return {
    add: (text: string): void => void told.add(text),
    all: (): Pick<Performed, 'remark'> => (told.size > 0 ? { remark: [...told].join('\n') } : {}),
  };
}

/** Does the jobs of one graph, one after the other. */
export type Performer = (job: Job, conditions: Conditions) => Promise<Performed>;

/** A performer; it keeps the engine, the encoder and the task it used last. */
export function performerOf(graph: JobGraph): Performer {
  const kept = keeping(graph);
  let plugins: Promise<void> | undefined;
  const perform: Performer = async (job, conditions) => {
    switch (job.kind) {
      case 'pretrain':
        return pretrainEncoder(graph, job, await kept.engine(conditions), conditions);
      case 'finetune':
        return finetuneEncoder(graph, job, await kept.tools(job.encoder, conditions), conditions);
      case 'features':
        return extractFeatures(graph, job, await kept.work(job, conditions), conditions);
      case 'head':
        return trainHeads(graph, job, await kept.work(job, conditions), conditions);
    }
  };
  return async (job, conditions) => {
    plugins ??= loadPlugins(graph.plugins);
    await plugins;
    const performed = await perform(job, conditions);
    const remarks = [performed.remark, ...kept.engineRemarks.splice(0)].filter((text) => text !== undefined);
    return { ...performed, ...(remarks.length > 0 && { remark: remarks.join('\n') }) };
  };
}

/** Of waiting for input, a share. */
const worthTelling = 0.05;

interface Work {
  readonly engine: Engine;
  readonly encoder: Encoder;
  readonly planned: PlannedTask;
}

async function pretrainEncoder(
  graph: JobGraph,
  job: PretrainJob,
  engine: Engine,
  { signal, onProgress }: Conditions,
): Promise<Performed> {
  const { manifest, root, split, config, out, probe } = job;
  const utterances = await loadUtterances(manifest, { root, splits: [split], keepColumns: false });
  const remarks = collectedRemarks();
  const log =
    graph.tensorboard === undefined ? undefined : scalarLog(join(graph.tensorboard, 'pretrain', job.encoder));
  const init = job.init && (await plannedStart(job.init));
  const say = remarks.add;
  const probes =
    probe && (await planProbes({ name: graph.suite, tasks: probe.tasks }, probe.limit, graph.training));
  const onProbed = (probed: Probed): void => {
    log?.(probed.update, probeScalars(probed));
    onProgress(probed.update / config.optimizer.steps, probedText(probed));
  };
  const { finished } = await pretrain({
    config,
    init,
    utterances,
    out,
    engine,
    resume: true,
    quiet: true,
    signal,
    say,
    probing: probe && probes && probingOf({ ...probe, probes, config, out, engine, signal, say, onProbed }),
    onStep: (step) => {
      log?.(step.step, stepScalars(step));
      const pace = `${Number(step.stepsPerSecond.toPrecision(2))} updates/s`;
      const waits = step.waiting < worthTelling ? '' : `, ${waitingText(step.waiting)}`;
      onProgress(
        step.step / config.optimizer.steps,
        `loss ${step.reconstruction.toFixed(2)}, ${pace}${waits}`,
      );
    },
  });
  if (finished && job.analysis !== undefined)
    await analyseRun(
      { ...job.analysis, checkpoint: out, out: join(out, 'analysis'), seed: 1, quiet: true },
      async () => engine,
    );
  const { student, teacher } = runFolder(out);
  return { finished, outputs: [student, teacher].map((path) => relative(graph.out, path)), ...remarks.all() };
}

async function finetuneEncoder(
  graph: JobGraph,
  job: FinetuneJob,
  { engine, encoder }: Pick<Work, 'engine' | 'encoder'>,
  { signal, onProgress }: Conditions,
): Promise<Performed> {
  const { name, settings, preset, manifest, dev, root, lm, out } = job;
  const { tensorboard } = graph;
  const remarks = collectedRemarks();
  const { finished } = await finetune({
    ...{ encoder, settings, preset, manifest, dev, root, lm, out, engine },
    ...{ resume: true, quiet: true, signal, onProgress, checkpointSeconds: graph.checkpointSeconds },
    tensorboard: tensorboard && join(tensorboard, 'finetune', name),
    say: remarks.add,
  });
  const files = [configFile, weightsFile, finetuningFileName].map((name) => join(out, name));
  return {
    finished,
    outputs: files.map((path) => relative(graph.out, path)),
    ...remarks.all(),
  };
}

/** The checkpoint that was planned with. */
async function plannedStart({ spec, hash }: NonNullable<PretrainJob['init']>): Promise<WarmStart> {
  const init = await readWarmStart(spec, true);
  if (init.origin.hash !== hash) throw changedSince(init.origin.name, spec);
  return init;
}

const changedSince = (name: string, spec: string): UserError =>
  new UserError(`the encoder '${name}' has changed since the run was planned`, {
    file: spec,
    hint: 'Start the run again',
  });

/** Where the features of a graph are, for whoever makes or reads them. */
const storageOf = ({ cacheFolder, featureBudgetBytes, maxBadShare }: JobGraph): FeatureStorage => ({
  folder: join(cacheFolder, 'features'),
  budgetBytes: featureBudgetBytes,
  mostBad: maxBadShare,
  lock: suiteLocks,
});

async function extractFeatures(
  graph: JobGraph,
  job: FeaturesJob,
  { engine, encoder, planned }: Work,
  { onProgress }: Conditions,
): Promise<Performed> {
  const { utterances, head } = planned;
  // Before the encoder runs over a corpus for a head that it cannot serve.
  checkLayers(head.reading.layers, encoder);
  const { store: kind, frameType, part, hashes } = job;
  const remarks = collectedRemarks();
  const options = {
    engine,
    encoder,
    utterances,
    audioHash: hashes.audio,
    kind,
    storage: { ...storageOf(graph), verify: graph.verifyFeatures },
    ...(frameType !== undefined && { frameType }),
    quiet: true,
    remark: remarks.add,
    onProgress: (done: number) => onProgress(Math.min(1, (done * part.of) / utterances.length)),
  };
  if (part.of > 1) await extractPart(options, part);
  else await (await openFeatures(options)).close();
  const store = storeName({ ...options, encoderHash: encoder.hash });
  return { finished: true, outputs: [], store, ...remarks.all() };
}

async function trainHeads(
  graph: JobGraph,
  job: HeadJob,
  { engine, encoder, planned }: Work,
  { signal, onProgress }: Conditions,
): Promise<Performed> {
  const remarks = collectedRemarks();
  const onLook =
    graph.tensorboard === undefined
      ? undefined
      : headLogs(graph.tensorboard, encoder.name, planned.task.name);
  const remedies = {
    lower: `Lower batchSize in the settings of the task ${planned.task.name}, or run fewer jobs at a time`,
    again: 'Run the same command again: what is finished is kept',
  };
  const options = {
    engine,
    seeds: job.seeds,
    quiet: true,
    storage: storageOf(graph),
    signal,
    onProgress,
    onLook,
    everySeconds: graph.checkpointSeconds,
    layerwise: job.layerwise,
    revision: graph.revision,
    say: remarks.add,
    folderOf: (seed: number) => seedFolder(graph, seed),
  };
  const stored = await sayingWhatToDo(engine, remedies, () => evaluateInto(encoder, planned, options));
  const layers = job.layerwise && hasLayers(encoder, planned) ? stored.map(layersBeside) : [];
  const files = [...stored.map(({ path }) => path), ...layers];
  return { finished: true, outputs: files.map((path) => relative(graph.out, path)), ...remarks.all() };
}

const layersBeside = ({ path }: { readonly path: string }): string => join(dirname(path), layersFileName);

/** Engine, encoder and task, the last of each kept. */
function keeping(graph: JobGraph) {
  /** What the engine said since it was asked last. */
  const engineRemarks: string[] = [];
  const engine = lastOf(async ({ threads, device }: { threads: number; device: number | undefined }) => {
    const { name, ...settings } = graph.engine;
    const own = { ...settings, threads, ...(device !== undefined && { device }) };
    return createEngine(name, own, { remark: (remark) => engineRemarks.push(remarkText(remark)) });
  });
  const encoder = lastOf(async ({ spec, seed, weights, hash, name }: EncoderSource) => {
    const loaded = await loadEncoder(spec, seed, { weights, quiet: true });
    if (hash !== undefined && loaded.hash !== hash) throw changedSince(name, spec);
    return loaded;
  });
  const task = lastOf(async ({ task: wanted, hashes }: Pick<HeadJob, 'task' | 'hashes'>) => {
    return planTask(wanted, graph.training, graph.maxBadShare, async () => hashes);
  });
  const engineFor = ({ threads, device }: Conditions): Promise<Engine> =>
    engine({ threads: threads ?? graph.engine.threads ?? availableParallelism(), device });
  return {
    engine: engineFor,
    engineRemarks,
    async tools(source: EncoderSource, conditions: Conditions): Promise<Pick<Work, 'engine' | 'encoder'>> {
      return { engine: await engineFor(conditions), encoder: await encoder(source) };
    },
    async work(
      { encoder: source, task: wanted, hashes }: FeaturesJob | HeadJob,
      conditions: Conditions,
    ): Promise<Work> {
      return {
        engine: await engineFor(conditions),
        encoder: await encoder(source),
        planned: await task({ task: wanted, hashes }),
      };
    },
  };
}

/** A function that remembers what it made last, unless it failed. */
function lastOf<In, Out>(make: (from: In) => Promise<Out>): (from: In) => Promise<Out> {
  let last: { readonly name: string; readonly made: Promise<Out> } | undefined;
  return (from) => {
    const name = JSON.stringify(from);
    if (last?.name === name) return last.made;
    const made = make(from);
    last = { name, made };
    made.catch(() => {
      if (last?.made === made) last = undefined;
    });
    return made;
  };
}
