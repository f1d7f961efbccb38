/** @file From a study to its trainings: how many updates the budget gives each, and the suite that does and judges them. */

import { sampleRateHz } from '../../audio/index.js';
import { parseChanges } from '../../base/changed-settings.js';
import { UserError } from '../../base/errors.js';
import { buildMiniSuite } from '../../data/mini/build.js';
import { frameCount } from '../../encoders/families/ehmam.js';
import { cropsOf, type PretrainConfig } from '../../pretrain/config.js';
import type { StudyArm, StudyDesign } from '../../results/study/design.js';
import { chosenTasks, loadSuite } from '../definition.js';
import { DataError, planTask } from '../plan.js';
import { planPretraining } from '../pretraining.js';
import { canProbe } from '../probe/plan.js';
import type { Suite, SuitePretraining } from '../schema.js';
import { trainingOf } from '../training-of.js';
import type { Study, StudySize, StudyStrategy } from './definition.js';

/** A study as a suite, and what its report is to know. */
export interface PlannedStudy {
  readonly suite: Suite;
  readonly design: StudyDesign;
}

export interface StudyOptions {
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/**
 * Plans every training of a study. Its plug-ins must be loaded; the corpus of a built-in suite is made on first use, once all
 * else is right.
 * @throws UserError for an unknown strategy, preset, setting or task, and a budget below one update
 */
export async function designStudy(study: Study, options: StudyOptions): Promise<PlannedStudy> {
  const arms: StudyArm[] = [];
  const trainings: SuitePretraining[] = [];
  for (const size of study.sizes)
    for (const strategy of study.strategies) {
      const wish = wishOf(size, strategy);
      const { config } = await planPretraining({ ...wish, changes: parseChanges(wish.set) }, options.quiet);
      const { updates, framesEach } = scheduleOf(study, size, config, strategy.times);
      for (const seed of study.seeds) {
        const encoder = [size.name, strategy.name, `seed${seed}`].join('.');
        arms.push({ encoder, size: size.name, strategy: strategy.name, seed, updates, framesEach });
        trainings.push({
          name: encoder,
          pretrain: { ...wish, steps: updates, seed, manifest: '', split: study.split },
        });
      }
    }
  const suite = await suiteOf(study, options);
  const { manifest, root } = await audioOf(study, options);
  const analysis = study.analysis === false ? undefined : (study.analysis ?? usualAnalysis(suite));
  const probe = study.probe === false || !(await someProbe(suite)) ? undefined : (study.probe ?? {});
  return {
    suite: {
      ...suite,
      name: study.name,
      encoders: [
        ...trainings.map(({ name, pretrain }) => ({
          name,
          pretrain: { ...pretrain, manifest, root, probe, analysis },
        })),
        ...study.references,
      ],
      finetune: [],
    },
    design: {
      name: study.name,
      baseline: study.baseline,
      strategies: study.strategies.map(({ name }) => name),
      sizes: study.sizes.map(({ name }) => name),
      seeds: study.seeds,
      budget: study.budget,
      tasks: suite.tasks.map(({ name }) => name),
      arms,
    },
  };
}

/** What a strategy says goes before what a size says. */
function wishOf(size: StudySize, { masking, config, set }: StudyStrategy) {
  if (config !== undefined && size.config !== undefined)
    throw new UserError(`the size '${size.name}' and a strategy both have a settings file`, {
      hint: "Use 'set' in one of them",
    });
  return {
    preset: size.preset,
    config: config ?? size.config,
    masking,
    set: [...(size.set ?? []), ...(set ?? [])],
  };
}

/** The updates that the budget gives, and the frames of an update on average over the lengths of crops. */
function scheduleOf({ budget, file }: Study, size: StudySize, { encoder, batch }: PretrainConfig, times = 1) {
  const mean = (of: (seconds: number) => number): number =>
    batch.cropSeconds.reduce((sum, seconds) => sum + of(seconds), 0) / batch.cropSeconds.length;
  const crops = cropsOf(batch);
  const framesEach = crops * mean((seconds) => frameCount(encoder, Math.round(seconds * sampleRateHz)));
  const secondsEach = crops * mean((seconds) => seconds);
  const { frames, hours = 0, updates } = budget;
  const budgetUpdates =
    updates ?? (frames === undefined ? (3600 * hours) / secondsEach : frames / framesEach);
  const given = Math.round(times * budgetUpdates);
  if (given >= 1) return { updates: given, framesEach };
  throw new UserError(
    `the budget is less than one update of '${size.name}' (${Math.round(framesEach)} frames, ${secondsEach.toFixed(1)} s of audio)`,
    { file, hint: 'Increase the budget, or lower batch.size' },
  );
}

async function suiteOf({ suite: file, tasks }: Study, { quiet, signal }: StudyOptions): Promise<Suite> {
  const suite = await loadSuite(file, { quiet, signal });
  return { ...suite, tasks: chosenTasks(suite, tasks) };
}

async function audioOf({ manifest, root }: Study, { quiet, signal }: StudyOptions) {
  if (manifest !== undefined) return { manifest, root };
  return { manifest: (await buildMiniSuite({ quiet, signal })).pretrain, root: undefined };
}

/** Audio that no head is judged on, from the first task: of a built-in suite it is not in the training either. */
function usualAnalysis({ tasks: [first] }: Suite) {
  return first && { manifest: first.manifest, root: first.root, split: 'dev', limit: 40 };
}

/** Whether any task can be a probe; what is wrong with its data, the plan of the suite says. */
async function someProbe(suite: Suite): Promise<boolean> {
  for (const task of suite.tasks) {
    const planned = await planTask(task, trainingOf(suite), 1, async () => unknown).catch(
      (error: unknown) => {
        if (error instanceof DataError) return undefined;
        throw error;
      },
    );
    if (planned !== undefined && canProbe(planned)) return true;
  }
  return false;
}

/** Audio is not looked into to see what kind of head a task has. */
const unknown = { rows: '', audio: '', seconds: 0 };
