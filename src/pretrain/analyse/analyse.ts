/** @file The paper's analysis of a pre-training over a manifest: does the predicted loss say what is hard, and why. */

import { UserError } from '../../base/errors.js';
import { createProgress } from '../../base/progress.js';
import type { Utterance } from '../../data/manifest.js';
import type { Engine } from '../../engine/engine.js';
import type { Drawing } from '../../formats/drawings.js';
import { rankCorrelation } from '../../metrics/index.js';
import { type Calibration, calibrationOf } from './calibration.js';
import { type CoursePoint, playCourse } from './course.js';
import { drawerOf } from './drawing.js';
import { compilePasses, type TeacherPredictor } from './passes.js';
import type { Pretrained } from './pretrained.js';
import { countRegions, type Region, regionNames } from './regions.js';
import { analyseUtterance, type UtteranceFindings } from './utterance.js';

/** A mean over utterances, and how sure it is. */
export interface Mean {
  readonly mean: number;
  /** Of the mean; 0 for one utterance. */
  readonly standardError: number;
}

/** Shares of frames by region; they add up to 1. */
export type RegionShares = Readonly<Record<Region, number>>;

export interface Correlation {
  /** Spearman's, within each utterance; undefined where no utterance has one. */
  readonly withinUtterance: Mean | undefined;
  /** Over the frames of all utterances together. */
  readonly pooled: number | undefined;
}

export interface Analysis {
  readonly utterances: number;
  /** Utterances of the manifest that are too short to say anything. */
  readonly tooShort: number;
  readonly frames: number;
  /** Of predicted with actual frame loss; the teacher's prediction is the one that the run chose masks by. */
  readonly rankCorrelation: { readonly teacher: Correlation; readonly student: Correlation };
  /**
   * Of the actual loss with itself where other frames are masked: a prediction that does not know which frames will be masked
   * correlates with it by about the square root of this at most.
   */
  readonly repeatability: Correlation;
  /** The same of every predictor: the student's on its decoder's input, and those that could stand in the teacher's place. */
  readonly predictors: Readonly<Record<'student' | TeacherPredictor, PredictorFindings>>;
  readonly regions: {
    /** Utterances whose regions came from the alignment column, and from the energy. */
    readonly aligned: number;
    readonly byEnergy: number;
    /** Of all frames, and of the frames that the masks of the last epoch hide. */
    readonly all: RegionShares;
    readonly maskedHard: RegionShares;
    readonly maskedRandom: RegionShares;
    /** Of those that the run's own strategy hides then; undefined where that is a plug-in's which is not loaded. */
    readonly maskedOwn: RegionShares | undefined;
  };
  readonly schedule: readonly CoursePoint[];
  /** Loss of the same masked frames with hard frames hidden besides, and with as many others. */
  readonly information: { readonly hard: Mean; readonly random: Mean; readonly difference: Mean };
}

export interface PredictorFindings {
  readonly rankCorrelation: Correlation;
  readonly calibration: Calibration | undefined;
}

export interface AnalysisOptions {
  readonly seed: number;
  /** The utterance that is kept for the picture (default: the first that is long enough). */
  readonly shown: string | undefined;
  /** How many of the first utterances are kept for drawing, besides the one for the picture (default: none). */
  readonly mostDrawn?: number;
  readonly quiet: boolean;
}

/**
 * Analyses every utterance, each one alone.
 * @throws UserError for audio or alignments that cannot be read, and when no utterance is long enough
 */
export async function analyse(
  engine: Engine,
  pretrained: Pretrained,
  utterances: readonly Utterance[],
  options: AnalysisOptions,
): Promise<{
  readonly analysis: Analysis;
  readonly shown: UtteranceFindings;
  readonly drawings: readonly Drawing[];
}> {
  const { seed, shown, mostDrawn = 0, quiet } = options;
  if (shown !== undefined && !utterances.some(({ id }) => id === shown))
    throw new UserError(`the manifest has no utterance '${shown}'`, { hint: 'Pass one of its ids' });
  const passes = compilePasses(engine, pretrained);
  const drawer = drawerOf(engine);
  const drawings: Drawing[] = [];
  const progress = createProgress('analyse', utterances.length, { quiet });
  const found: Omit<UtteranceFindings, 'samples'>[] = [];
  let picture: UtteranceFindings | undefined;
  try {
    for (const [index, utterance] of utterances.entries()) {
      const findings = await analyseUtterance(pretrained, passes, utterance, seed, index);
      progress.update(index + 1);
      if (findings === undefined) continue;
      if (shown === undefined ? picture === undefined : findings.id === shown) picture = findings;
      if (drawings.length < mostDrawn || (mostDrawn > 0 && findings.id === shown))
        drawings.push(await drawer.draw(findings));
      // The sound of one is enough for the picture: a long manifest must not be held whole.
      const { samples: _samples, ...rest } = findings;
      found.push(rest);
    }
  } finally {
    progress.stop();
    await passes.dispose();
    await drawer.dispose();
  }
  if (picture === undefined) {
    const which = shown === undefined ? 'no utterance is' : `the utterance '${shown}' is not`;
    throw new UserError(`${which} long enough`, { hint: 'The minimum is 15 frames (about 0.3 s)' });
  }
  const analysis: Analysis = {
    utterances: found.length,
    tooShort: utterances.length - found.length,
    frames: found.reduce((sum, { grid }) => sum + grid.frames, 0),
    rankCorrelation: {
      teacher: correlationOf(found, ({ predicted }) => predicted),
      student: correlationOf(found, ({ studentPredicted }) => studentPredicted),
    },
    repeatability: correlationOf(found, ({ actualAgain }) => actualAgain),
    predictors: {
      student: predictorFindings(found, ({ studentPredicted }) => studentPredicted),
      averagedFromTargets: inTeachersPlace(found, 'averagedFromTargets'),
      averagedFromEncoder: inTeachersPlace(found, 'averagedFromEncoder'),
      studentFromTargets: inTeachersPlace(found, 'studentFromTargets'),
      studentFromEncoder: inTeachersPlace(found, 'studentFromEncoder'),
    },
    regions: {
      aligned: found.filter(({ regionsFrom }) => regionsFrom === 'alignment').length,
      byEnergy: found.filter(({ regionsFrom }) => regionsFrom === 'energy').length,
      all: sharesOf(found, () => undefined),
      maskedHard: sharesOf(found, ({ masks }) => masks.hard),
      maskedRandom: sharesOf(found, ({ masks }) => masks.random),
      maskedOwn: found.some(({ masks }) => masks.own === undefined)
        ? undefined
        : sharesOf(found, ({ masks }) => masks.own),
    },
    schedule: playCourse(
      found.map(({ predicted }) => predicted),
      pretrained.masking,
      seed,
    ),
    information: {
      hard: meanOf(found.map(({ information }) => information.hard)),
      random: meanOf(found.map(({ information }) => information.random)),
      difference: meanOf(found.map(({ information }) => information.hard - information.random)),
    },
  };
  return { analysis, shown: picture, drawings };
}

type Findings = Omit<UtteranceFindings, 'samples'>;

function correlationOf(
  found: readonly Findings[],
  predictedOf: (findings: Findings) => Float32Array,
): Correlation {
  const within = found.flatMap((each) => rankCorrelation(predictedOf(each), each.actual) ?? []);
  const joined = (of: (findings: Findings) => Float32Array): number[] =>
    found.flatMap((each) => [...of(each)]);
  return {
    withinUtterance: within.length === 0 ? undefined : meanOf(within),
    pooled: rankCorrelation(
      joined(predictedOf),
      joined(({ actual }) => actual),
    ),
  };
}

const predictorFindings = (
  found: readonly Findings[],
  predictedOf: (findings: Findings) => Float32Array,
): PredictorFindings => ({
  rankCorrelation: correlationOf(found, predictedOf),
  calibration: calibrationOf(found.map((each) => ({ predicted: predictedOf(each), actual: each.actual }))),
});

const inTeachersPlace = (found: readonly Findings[], predictor: TeacherPredictor): PredictorFindings =>
  predictorFindings(found, (each) => each.inTeachersPlace[predictor]);

function sharesOf(
  found: readonly Findings[],
  maskOf: (findings: Findings) => Uint8Array | undefined,
): RegionShares {
  const counts = found.map((each) => countRegions(each.regions, maskOf(each)));
  const sum = (region: Region): number => counts.reduce((total, each) => total + each[region], 0);
  const all = regionNames.reduce((total, region) => total + sum(region), 0);
  return { speech: sum('speech') / all, silence: sum('silence') / all, boundary: sum('boundary') / all };
}

function meanOf(values: readonly number[]): Mean {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const standardError = values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length);
  return { mean, standardError };
}
