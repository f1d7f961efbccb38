/** @file An evaluation from what the command line says. */
import type { PresetName } from '../../api/presets.js';
import { parseByteSize } from '../../base/byte-size.js';
import type { SettingChange } from '../../base/changed-settings.js';
import { UserError } from '../../base/errors.js';
import { userCacheFolder } from '../../base/files.js';
import { revisionOf } from '../../base/revision.js';
import { isOfficialFile, type LoadOptions } from '../../encoders/load.js';
import { checkDevice, type EngineChoice } from '../../engine/choice.js';
import { searchedRates } from '../../heads/rates.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { loadPlugins } from '../../plugins/load.js';
import { type Comparison, compareRecords } from '../../results/index.js';
import { withLayers } from '../../results/layers.js';
import { chosenEncoders, namesOfSuite } from '../../suite/chosen-encoders.js';
import { chosenTasks, loadSuite } from '../../suite/definition.js';
import { type Execution, executeGraph, recordsOf } from '../../suite/execute.js';
import { planGraph, usualBadShare } from '../../suite/graph.js';
import { identifyEncoder } from '../../suite/identity.js';
import type { JobGraph } from '../../suite/job.js';
import { isSuiteName, outlineOfSuite } from '../../suite/named.js';
import { checkHeadSettings } from '../../suite/plan.js';
import type { Suite } from '../../suite/schema.js';
import { trainingOf } from '../../suite/training-of.js';
import { seedsOfSuite, usualSeed } from './seeds.js';

export interface RunRequest extends LoadOptions {
  readonly suite: string;
  /** Names of the suite's tasks (default: all). */
  readonly tasks: readonly string[] | undefined;
  /** SPECs, and names of what the suite trains (default: all of the suite's). */
  readonly encoders: readonly string[] | undefined;
  /** Seeds, as `--seeds` says them. */
  readonly seeds: readonly number[] | undefined;
  /** Settings in place of the suite's. */
  readonly changes?: readonly SettingChange[] | undefined;
  /** Default `clean`. */
  readonly preset?: PresetName | undefined;
  /** Whether heads are trained on every hidden state alone too (default: what the suite says). */
  readonly layerwise?: boolean | undefined;
  /** `search`, or a number (default: what preset and suite say). */
  readonly lr?: string | undefined;
  /** Plug-ins that are loaded already: workers load them too. */
  readonly plugins?: readonly string[] | undefined;
  readonly out: string;
  /** What a history calls the results (default: the commit of the working folder, or that which CI names). */
  readonly label?: string | undefined;
  /** The share of utterances whose audio may be missing or unusable. */
  readonly maxBadShare?: number;
  /** What the command line says of it: it goes before the suite. */
  readonly engine: EngineChoice;
  /** Worker processes at a time (default: by processors and memory). */
  readonly jobs?: number | undefined;
  /** CUDA devices of the worker processes, one each (default: all). */
  readonly devices?: readonly number[] | undefined;
  /** Where jobs are done (default: here). */
  readonly launcher?: 'local' | 'slurm' | undefined;
  /** Of Slurm: leave the jobs in its queue and return. */
  readonly detach?: boolean | undefined;
  /** What stored features may take on disk. */
  readonly featureBudgetBytes?: number | undefined;
  /** Whether stored features are read and checked in whole. */
  readonly verifyFeatures?: boolean | undefined;
  readonly quiet: boolean;
  /** Whether heads go on from their checkpoints (default true). */
  readonly resume?: boolean | undefined;
  /** Seconds between the checkpoints of a head. */
  readonly checkpointSeconds?: number | undefined;
  /** Where trainings write scalars for TensorBoard. */
  readonly tensorboard?: string | undefined;
  /** Told what is to be known of how encoders were read and jobs were done. */
  readonly remark?: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface SuiteRun extends Execution {
  /** Of what is recorded; undefined when nothing is. */
  readonly comparison: Comparison | undefined;
}

/**
 * Checks names and SPECs (before a corpus is made), does the suite's jobs, and compares the results.
 * @throws UserError for whatever is wrong in the call or its input
 */
export async function runFromSuite(request: RunRequest): Promise<SuiteRun> {
  const { quiet, signal, jobs, devices, launcher, detach, resume, remark: say = () => undefined } = request;
  const graph = await graphOf(request);
  const execution = await executeGraph(graph, {
    quiet,
    signal,
    say,
    jobs,
    devices,
    launcher,
    detach,
    resume,
  });
  const stored = execution.interrupted ? [] : await recordsOf(graph);
  const comparison = stored.length === 0 ? undefined : await withLayers(compareRecords(stored), stored);
  return { ...execution, comparison };
}

/**
 * The jobs that the command line asks for: it goes before the suite file.
 * @throws UserError as `runFromSuite`
 */
export async function graphOf(request: RunRequest): Promise<JobGraph> {
  const { out, quiet, signal, maxBadShare = usualBadShare, weights, remark } = request;
  // What the words themselves get wrong is said before anything is loaded or made.
  const { seeds: asked, changes } = request;
  const rates = ratesOf(request.lr);
  const cacheFolder = userCacheFolder();
  // A suite's file says its plug-ins; a named suite has none, and its corpus is made only if all else is right.
  const { suite: name } = request;
  const outline = isSuiteName(name) ? outlineOfSuite(name, changes) : await loadSuite(name, { changes });
  await loadPlugins(outline.plugins ?? []);
  const engine = engineOf(request.engine, outline);
  checkDevice(engine);
  for (const task of request.tasks ?? []) knownTasks.find(task);
  const { preset, learningRates } = trainingOf(outline);
  const training = { preset: request.preset ?? preset, learningRates: rates ?? learningRates };
  for (const task of chosenTasks(outline, request.tasks)) checkHeadSettings(task, training);
  const own = namesOfSuite(outline);
  for (const spec of (request.encoders ?? []).filter((encoder) => !own.has(encoder)))
    await identifyEncoder(
      spec,
      asked?.[0] ?? usualSeed,
      { weights: await weightsFor(spec, weights), quiet },
      cacheFolder,
    );
  const suite = isSuiteName(name) ? await loadSuite(name, { quiet, signal, changes }) : outline;
  const seeds = asked ?? seedsOfSuite(suite.seeds);
  const wanted = {
    ...suite,
    tasks: chosenTasks(suite, request.tasks),
    ...chosenEncoders(suite, request.encoders),
  };
  return planGraph(wanted, {
    seeds,
    training,
    layerwise: request.layerwise,
    engine,
    maxBadShare,
    featureBudgetBytes: request.featureBudgetBytes,
    verifyFeatures: request.verifyFeatures,
    checkpointSeconds: request.checkpointSeconds,
    tensorboard: request.tensorboard,
    plugins: [...new Set([...(request.plugins ?? []), ...(suite.plugins ?? [])])],
    out,
    revision: request.label ?? revisionOf(process.cwd(), process.env),
    cacheFolder,
    weights,
    quiet,
    remark,
  });
}

/** The engine of a suite's jobs: the command line goes before the suite. */
export function engineOf(asked: EngineChoice, suite: Suite | undefined): EngineChoice {
  if (asked.name !== 'onnx') return asked;
  const { deviceMemory, ...others } = suite?.engine ?? {};
  return {
    ...others,
    ...(deviceMemory !== undefined && { deviceMemory: parseByteSize(deviceMemory, 'engine.deviceMemory') }),
    ...asked,
  };
}

async function weightsFor(spec: string, weights: RunRequest['weights']): Promise<RunRequest['weights']> {
  return (await isOfficialFile(spec)) ? weights : undefined;
}

function ratesOf(lr: string | undefined): readonly number[] | undefined {
  if (lr === undefined) return undefined;
  if (lr === 'search') return searchedRates;
  const rate = Number(lr);
  if (rate > 0 && Number.isFinite(rate)) return [rate];
  throw new UserError(`--lr '${lr}': expected a number above 0, or 'search'`);
}
