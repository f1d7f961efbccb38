/** @file A study from what the command line says: planned, done on the machinery of suites, reported. */
import { join } from 'node:path';
import { parseChanges } from '../../base/changed-settings.js';
import { userCacheFolder, writeFileAtomic } from '../../base/files.js';
import { checkDevice } from '../../engine/choice.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { loadPlugins } from '../../plugins/load.js';
import { type StudyReport, studyReport } from '../../results/study/study.js';
import { studyMarkdown } from '../../results/study/text.js';
import { type Execution, executeGraph, recordsOf } from '../../suite/execute.js';
import { planGraph, usualBadShare } from '../../suite/graph.js';
import type { JobGraph } from '../../suite/job.js';
import { readDone, stateFolderOf } from '../../suite/state.js';
import { loadStudy } from '../../suite/study/definition.js';
import { designStudy, type PlannedStudy } from '../../suite/study/design.js';
import { trainingOf } from '../../suite/training-of.js';
import { engineOf, type RunRequest } from '../run/from-suite.js';
import { usualSeed } from '../run/seeds.js';

export interface StudyRequest
  extends Pick<
    RunRequest,
    | 'out'
    | 'engine'
    | 'jobs'
    | 'devices'
    | 'launcher'
    | 'detach'
    | 'plugins'
    | 'tensorboard'
    | 'quiet'
    | 'signal'
  > {
  readonly file: string;
  /** Settings in place of the file's, as `--set` writes them. */
  readonly set: readonly string[] | undefined;
  readonly say: (remark: string) => void;
}

/** A study's jobs, nothing done yet. */
export interface StudyPlan extends PlannedStudy {
  readonly graph: JobGraph;
}

/**
 * Checks a study and plans its jobs.
 * @throws UserError for whatever is wrong in the call or its input
 */
export async function planStudy(request: StudyRequest): Promise<StudyPlan> {
  const { file, set, out, quiet, signal, say, plugins = [], tensorboard } = request;
  const study = await loadStudy(file, parseChanges(set));
  await loadPlugins(study.plugins);
  checkDevice(engineOf(request.engine, undefined));
  const planned = await designStudy(study, { quiet, signal });
  const { suite } = planned;
  await loadPlugins(suite.plugins ?? []);
  const engine = engineOf(request.engine, suite);
  checkDevice(engine);
  const graph = await planGraph(suite, {
    // Chance in the heads is a part of that between seeds of the pre-training.
    seeds: [usualSeed],
    training: trainingOf(suite),
    engine,
    maxBadShare: usualBadShare,
    plugins: [...new Set([...plugins, ...study.plugins, ...(suite.plugins ?? [])])],
    out,
    cacheFolder: userCacheFolder(),
    tensorboard,
    quiet,
    remark: say,
  });
  return { ...planned, graph };
}

export interface StudyRun extends Execution {
  readonly report: StudyReport | undefined;
  /** The files of the report. */
  readonly written: readonly string[];
}

/**
 * Does what is not done of a study and writes its report, `study.md` and `study.json`, of all that is there.
 * @throws UserError as `planStudy`, and where nothing can be written
 */
export async function runStudy(request: StudyRequest): Promise<StudyRun> {
  const { out, quiet, signal, say, jobs, devices, launcher, detach } = request;
  const { graph, design } = await planStudy(request);
  const execution = await executeGraph(graph, { quiet, signal, say, jobs, devices, launcher, detach });
  const records = execution.interrupted ? [] : await recordsOf(graph);
  if (records.length === 0) return { ...execution, report: undefined, written: [] };
  const report = await studyReport({
    design,
    records,
    tasks: knownTasks.all(),
    folderOf: (encoder) => join(out, 'encoders', encoder),
    featureSeconds: featureSeconds(graph),
  });
  const [markdown, json] = [join(out, 'study.md'), join(out, 'study.json')];
  await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomic(markdown, studyMarkdown(report));
  return { ...execution, report, written: [markdown, json] };
}

function featureSeconds({ out, jobs }: JobGraph): number {
  const keys = jobs.flatMap(({ kind, key }) => (kind === 'features' ? [key] : []));
  const done = [...readDone(stateFolderOf(out), out, keys).values()];
  return done.reduce((sum, { seconds }) => sum + seconds, 0);
}
