/** @file Trains diarisation heads on pieces of recordings, and says who speaks when in test. */

import type { HeadResult, HeadWork, Prediction } from '../../api/head-kind.js';
import type { SpeakerActivitySpec } from '../../api/head-spec.js';
import type { Split } from '../../api/task.js';
import { float32 } from '../../base/host-tensor.js';
import { largestDivisor } from '../../base/largest-divisor.js';
import type { Given } from '../../engine/engine.js';
import type { Parameters } from '../../engine/tree.js';
import { parseTurns } from '../../metrics/index.js';
import type { DevScores } from '../../training/course.js';
import { layerWeightsOf } from '../../training/layer-weights.js';
import { trainOneByOne } from '../../training/one-by-one.js';
import { type FrameSpan, frameSpans } from '../frame-spans.js';
import { epochDrawer } from '../pooled-linear/batches.js';
import { groupsBy } from '../pooled-linear/groups.js';
import { type Hearing, hearingOf, logitsAt, turnPredictions } from './hearing.js';
import { type Decision, frameLabels, type Piece, piecesOf } from './labels.js';
import {
  type ActivityBatch,
  type ActivityStored,
  activityLoss,
  activityStart,
  frameShares,
  ordersOf,
} from './model.js';
import type { ActivitySettings } from './settings.js';

interface Diarisation {
  readonly work: HeadWork;
  readonly spec: SpeakerActivitySpec;
  readonly settings: ActivitySettings;
  readonly hearing: Hearing;
}

/**
 * Trains one head a learning rate and tests the best, for one seed after the other; the same work gives the same result.
 * @returns a result a seed, in their order; predictions have the column of turns
 */
export async function trainActivityHeads(
  work: HeadWork,
  spec: SpeakerActivitySpec,
  settings: ActivitySettings,
  seeds: readonly number[],
): Promise<HeadResult<ActivityStored>[]> {
  const { batchSize, accumulation, chooseOn, pieceFrames } = settings;
  const { layers, dim } = work.features;
  const sizes = { ...settings, layers, dim, speakers: spec.speakers };
  const hearing = hearingOf(work, { speakers: spec.speakers, pieceFrames });
  const diarisation: Diarisation = { work, spec, settings, hearing };
  const together = batchesTogether(settings);
  const { pieces, inputs } = batchesOf(diarisation, together);
  try {
    const trained = await trainOneByOne<ActivityBatch>({
      work,
      kind: 'speaker-activity',
      given: { spec, settings },
      seeds,
      settings,
      epochUpdates: Math.ceil(pieces / (batchSize * accumulation)),
      start: (seed) => activityStart(seed, sizes),
      inputs,
      accumulation: accumulation / together,
      loss: activityLoss,
      look: (parameters) => lookAtDev(diarisation, parameters),
    });
    const results: HeadResult<ActivityStored>[] = [];
    for (const { seed, parameters, ...result } of trained) {
      work.keepingOf?.(seed).signal?.throwIfAborted();
      const test = await logitsOf(diarisation, parameters, 'test');
      const judged = chooseOn === 'test' ? test : await logitsOf(diarisation, parameters, 'dev');
      const decision = bestDecision(diarisation, judged, chooseOn).decision;
      const { column, speakers } = spec;
      results.push({
        ...result,
        ...(chooseOn === 'test' && { chosenOnTest: 'threshold and median filter' }),
        layerWeights: layerWeightsOf(parameters),
        head: { stored: { column, speakers, pieceFrames, ...decision }, parameters },
        predictions: predictionsOf(diarisation, test, decision),
      });
    }
    return results;
  } finally {
    await hearing.look.dispose();
  }
}

const turnsIn = ({ work, spec }: Diarisation, split: Split) =>
  work.references[split].map((reference) => parseTurns(reference[spec.column] ?? ''));

/** Pieces of a split's recordings, in order. */
function piecesIn({ work, settings }: Diarisation, split: Split): (Piece & { readonly recording: number })[] {
  return work.places[split].flatMap((place, recording) =>
    piecesOf(work.features.rows[place] as number, settings.pieceFrames).map((piece) => ({
      ...piece,
      recording,
    })),
  );
}

/** Pieces at once up to which a step of the LSTM takes no longer: a product has up to 16 columns at the price of 8. */
const piecesAtOnce = 16;

/** How many batches of an update run as one: their gradients are summed in any case. */
export function batchesTogether({
  batchSize,
  accumulation,
}: Pick<ActivitySettings, 'batchSize' | 'accumulation'>): number {
  return largestDivisor(accumulation, Math.max(1, Math.floor(piecesAtOnce / batchSize)));
}

/** What gives the batches of training, so many as one, each a matter of seed and number alone; and how many pieces there are. */
function batchesOf(diarisation: Diarisation, together: number) {
  const { work, spec, settings } = diarisation;
  const { features, places, hopSamples } = work;
  const { batchSize, losesLongTurns } = settings;
  const count = batchSize * together;
  const pieces = piecesIn(diarisation, 'train');
  const turns = turnsIn(diarisation, 'train');
  const drawerOf = epochDrawer(groupsBy(pieces.length, (piece) => piece));
  let drawer: { readonly seed: number; readonly at: (drawn: number) => number } | undefined;
  const inputs = async (batch: number, seed: number): Promise<Given<ActivityBatch>> => {
    if (drawer?.seed !== seed) drawer = { seed, at: drawerOf(seed) };
    const { at } = drawer;
    const drawn = Array.from(
      { length: count },
      (_, i) => pieces[at(batch * count + i)] as (typeof pieces)[number],
    );
    const spans = drawn.map(
      ({ recording, first, frames }): FrameSpan => ({
        place: places.train[recording] as number,
        first,
        frames,
      }),
    );
    const { states, lengths } = await frameSpans(features, spans);
    const frames = states.shape[2] as number;
    const labels = float32([count, frames, spec.speakers]);
    for (const [row, piece] of drawn.entries()) {
      const own = turns[piece.recording] ?? [];
      labels.data.set(
        frameLabels(own, piece, spec.speakers, hopSamples, losesLongTurns),
        row * frames * spec.speakers,
      );
    }
    const shares = frameShares(
      spans.map(({ frames: length }) => length),
      batchSize,
    );
    return { states, lengths, labels, shares: float32([count], shares) };
  };
  return { pieces: pieces.length, inputs };
}

/** The logits of each recording of a split. */
const logitsOf = ({ hearing, work }: Diarisation, parameters: Given<Parameters>, split: Split) =>
  logitsAt(hearing, parameters, work.places[split]);

const predictionsOf = (
  { work, spec }: Diarisation,
  recordings: readonly Float32Array[],
  decision: Decision,
): Prediction[] => turnPredictions(spec, recordings, work.hopSamples, decision);

/** The threshold and filter that do best on a split, and how well. */
function bestDecision(
  diarisation: Diarisation,
  recordings: readonly Float32Array[],
  split: Split,
): { readonly decision: Decision; readonly value: number } {
  const { work, settings } = diarisation;
  const better = (a: number, b: number): boolean => (work.metric.direction === 'higher' ? a > b : a < b);
  const tried = settings.medianFrames.flatMap((medianFrames) =>
    settings.thresholds.map((threshold) => {
      const decision = { threshold, medianFrames };
      return { decision, value: work.score(predictionsOf(diarisation, recordings, decision), split) };
    }),
  );
  return tried.reduce((best, next) => (better(next.value, best.value) ? next : best));
}

/** How a head does on dev. */
async function lookAtDev(diarisation: Diarisation, parameters: Given<Parameters>): Promise<DevScores> {
  const recordings = await logitsOf(diarisation, parameters, 'dev');
  const { loss, wrong } = frameErrors(diarisation, recordings);
  const { chooseBy } = diarisation.settings;
  const devMetric = chooseBy === 'frames' ? wrong : bestDecision(diarisation, recordings, 'dev').value;
  return { devMetric, devLoss: loss };
}

/**
 * Of dev: the loss over all frames, and the share of decisions (threshold 0.5) that are wrong in the order of speakers with the
 * least loss, a mean over pieces as s3prl's, whose batches are single pieces there.
 */
function frameErrors(
  diarisation: Diarisation,
  recordings: readonly Float32Array[],
): { readonly loss: number; readonly wrong: number } {
  const { work, spec, settings } = diarisation;
  const turns = turnsIn(diarisation, 'dev');
  const pieces = piecesIn(diarisation, 'dev');
  let [loss, frames, wrong] = [0, 0, 0];
  for (const each of pieces) {
    const { speakers } = spec;
    const start = each.first * speakers;
    const logits = recordings[each.recording]?.subarray(start, start + each.frames * speakers);
    if (logits === undefined) throw new Error('no logits of a recording');
    const own = turns[each.recording] ?? [];
    const labels = frameLabels(own, each, speakers, work.hopSamples, settings.losesLongTurns);
    const best = ordersOf(speakers)
      .map((order) => errorsIn(order, logits, labels))
      .reduce((a, b) => (b.loss < a.loss ? b : a));
    loss += best.loss;
    frames += each.frames;
    wrong += best.wrong / (each.frames * speakers);
  }
  return { loss: loss / frames, wrong: wrong / pieces.length };
}

/** Summed binary cross-entropy, its mean over speakers, and wrong decisions, where output i is judged by label order[i]. */
function errorsIn(
  order: readonly number[],
  logits: Float32Array,
  labels: Float32Array,
): { readonly loss: number; readonly wrong: number } {
  const speakers = order.length;
  let [loss, wrong] = [0, 0];
  for (let frame = 0; frame < logits.length; frame += speakers)
    for (const [output, label] of order.entries()) {
      const [logit, wanted] = [logits[frame + output] as number, labels[frame + label] as number];
      loss += Math.max(logit, 0) - logit * wanted + Math.log1p(Math.exp(-Math.abs(logit)));
      if (logit > 0 !== wanted > 0) wrong++;
    }
  return { loss: loss / speakers, wrong };
}
