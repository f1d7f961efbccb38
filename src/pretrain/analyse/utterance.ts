/** @file What an analysis finds in one utterance. */
import { normalizeWaveform, sampleRateHz } from '../../audio/index.js';
import { hashKey, randomStream } from '../../base/random.js';
import { readUtterance } from '../../data/audio.js';
import type { Utterance } from '../../data/manifest.js';
import { frameCount } from '../../encoders/families/ehmam.js';
import { type FrameGrid, frameGrid, framePower } from '../frame-grid.js';
import { coveringMasks, coveringPasses } from '../masking/covering.js';
import { easyToHard } from '../masking/easy-to-hard.js';
import { choosing, maskings } from '../masking/index.js';
import { randomMatched } from '../masking/random-matched.js';
import { parseAlignment } from './alignment.js';
import { chosenPredictor, type Passes, type TeacherView } from './passes.js';
import type { Pretrained } from './pretrained.js';
import { informationMasks } from './probes.js';
import { type Region, regionsOfAlignment, regionsOfEnergy } from './regions.js';

export interface UtteranceFindings {
  readonly id: string;
  /** The part that was looked at, not normalised. */
  readonly samples: Float32Array;
  readonly grid: FrameGrid;
  /** Each frame's loss while it was masked; what the teacher predicts for it; what the student predicts then. */
  readonly actual: Float32Array;
  /** Each frame's loss while it was masked together with other frames. */
  readonly actualAgain: Float32Array;
  readonly predicted: Float32Array;
  readonly studentPredicted: Float32Array;
  /** What every predictor in the teacher's place says; `predicted` is the one that the run chose masks by. */
  readonly inTeachersPlace: TeacherView['predicted'];
  readonly regions: readonly Region[];
  readonly regionsFrom: 'alignment' | 'energy';
  /** Masks of the last epoch: easy-to-hard, and random spans that hide as much. */
  readonly masks: {
    readonly hard: Uint8Array;
    readonly random: Uint8Array;
    /** By the run's own strategy; undefined where that is a plug-in's which is not loaded. */
    readonly own: Uint8Array | undefined;
  };
  /** Mean loss of the compared frames with hard frames hidden besides, and with others. */
  readonly information: { readonly hard: number; readonly random: number };
}

/** Fewer frames than this say nothing. */
const fewestFrames = 15;
/** Lengths are cut to a multiple of it, so that few programs are compiled. */
const lengthStepSeconds = 0.5;
const longestSeconds = 10;

/** Samples of an utterance that are looked at; 0 when it is too short. */
export function analysedSamples({ encoder }: Pick<Pretrained, 'encoder'>, samples: number): number {
  const step = lengthStepSeconds * sampleRateHz;
  const most = Math.min(samples, longestSeconds * sampleRateHz);
  const length = most < step ? most : Math.floor(most / step) * step;
  return frameCount(encoder, length) < fewestFrames ? 0 : length;
}

/**
 * Analyses the start of an utterance.
 * @returns undefined when it is too short
 * @throws UserError that names the manifest's line, for audio or an alignment that cannot be read
 */
export async function analyseUtterance(
  pretrained: Pretrained,
  passes: Passes,
  utterance: Utterance,
  seed: number,
  index: number,
): Promise<UtteranceFindings | undefined> {
  const { encoder, masking } = pretrained;
  const segments = parseAlignment(utterance.columns.alignment ?? '', utterance);
  const whole = await readUtterance(utterance);
  const length = analysedSamples(pretrained, whole.length);
  if (length === 0) return undefined;
  const samples = whole.slice(0, length);
  const view = await passes.teacher(encoder.normalizeWaveform ? normalizeWaveform(samples) : samples);
  const predicted = view.predicted[chosenPredictor(pretrained.predictor)];
  const frames = predicted.length;
  const stream = (purpose: string) => randomStream(seed, `analysis ${purpose}`, index);

  const covering = coveringMasks(frames, masking.span, coveringPasses, stream('passes'));
  const probe = informationMasks(predicted, masking.span, stream('information'));
  const again = coveringMasks(frames, masking.span, coveringPasses, stream('passes again'));
  const masks = [...covering, probe.hard, ...probe.random, ...again];
  const seen = await passes.student(view, masks, hashKey([seed, 'analysis', index]));
  const whileMasked = (rows: readonly Float32Array[], by: readonly Uint8Array[]): Float32Array =>
    Float32Array.from(
      { length: frames },
      (_, t) => rows[by.findIndex((mask) => mask[t] === 1)]?.[t] as number,
    );
  const actual = whileMasked(seen.frameLoss, covering);
  const studentPredicted = whileMasked(seen.predictedLoss, covering);
  const actualAgain = whileMasked(seen.frameLoss.slice(-coveringPasses), again);
  const ofRest = (row: number): number => meanOver(seen.frameLoss[row] as Float32Array, probe.rest);
  const moved = probe.random.map((_, i) => ofRest(coveringPasses + 1 + i));

  const grid = frameGrid(encoder, samples.length);
  const request = {
    predictedLoss: [predicted],
    lengths: [frames],
    progress: (masking.epochs - 1) / masking.epochs,
    settings: masking,
  };
  return {
    id: utterance.id,
    samples,
    grid,
    actual,
    actualAgain,
    predicted,
    studentPredicted,
    inTeachersPlace: view.predicted,
    regions: segments === undefined ? regionsOfEnergy(samples, grid) : regionsOfAlignment(segments, grid),
    regionsFrom: segments === undefined ? 'energy' : 'alignment',
    masks: {
      hard: easyToHard.choose({ ...request, random: stream('mask') })[0] as Uint8Array,
      random: randomMatched.choose({ ...request, random: stream('mask') })[0] as Uint8Array,
      own: maskings.has(masking.strategy)
        ? choosing(maskings.find(masking.strategy), {
            ...{ ...request, actualLoss: [actual], random: stream('mask') },
            energy: [Float32Array.from(framePower(samples, grid))],
          })[0]
        : undefined,
    },
    information: {
      hard: ofRest(coveringPasses),
      random: moved.reduce((sum, loss) => sum + loss, 0) / moved.length,
    },
  };
}

/** Mean of the values where the mask is 1. */
function meanOver(values: Float32Array, mask: Uint8Array): number {
  let [sum, count] = [0, 0];
  for (const [t, bit] of mask.entries()) {
    if (bit === 0) continue;
    sum += values[t] as number;
    count++;
  }
  return sum / count;
}
