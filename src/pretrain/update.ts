/** @file One update of pre-training: the teacher's pass, the masks it asks for, the student's step, and a look at its health. */
import { sampleRateHz } from '../audio/index.js';
import { type HostParameters, type HostTensor, scalar } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import type { CropBatch } from '../data/crops.js';
import type { Engine } from '../engine/engine.js';
import { type PretrainConfig, predictorOf } from './config.js';
import { meanRankCorrelation } from './correlations.js';
import { chooseMasks, noiseNumbers, rowsOf } from './draws.js';
import { checkHealth } from './health.js';
import { compileFrameLoss, type FrameLossProgram, maskGrounds, needsOf } from './mask-grounds.js';
import { maskings } from './masking/index.js';
import { countMasked } from './masking/spans.js';
import { learningRateOf, teacherDecayAt } from './schedule.js';
import {
  compileStep,
  type FrameLosses,
  type HeldState,
  releaseState,
  type StepMeasures,
  type StepPrograms,
} from './step.js';
import { compileParts, type PartPrograms } from './step-parts.js';
import type { Predicted } from './teach.js';
import { type BatchGiven, batchParts, cropsOfParts, type Taught } from './update-batches.js';

/** What an update tells of itself. */
export interface UpdateLog extends StepMeasures<number> {
  /** Updates done, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly teacherDecay: number;
  readonly maskedFraction: number;
  readonly hardShare: number;
  /**
   * Rank correlation with the actual loss over the masked frames of an utterance, averaged: of the student's prediction, of
   * the teacher's from its targets, and from its encoder's output. Absent where no utterance has one.
   */
  readonly studentCorrelation?: number;
  readonly targetsCorrelation?: number;
  readonly encoderCorrelation?: number;
}

/** How many samples the crops of a step have. */
export function cropSamples({ batch, seed }: PretrainConfig, step: number): number {
  const lengths = batch.cropSeconds.map((seconds) => Math.round(seconds * sampleRateHz));
  return lengths[randomStream(seed, 'crop length', step).integer(lengths.length)] as number;
}

/** The programs of updates: those of parts where batches come in parts, that of frames' losses where masking needs it. */
export interface UpdatePrograms extends StepPrograms {
  readonly parts?: PartPrograms | undefined;
  readonly frameLoss?: FrameLossProgram | undefined;
  dispose(): Promise<void>;
}

export function compileUpdate(
  engine: Engine,
  config: PretrainConfig,
  shapes: HostParameters,
): UpdatePrograms {
  const { accumulate = 1 } = config.batch;
  const step = compileStep(engine, config, shapes);
  const parts = accumulate > 1 ? compileParts(engine, config, shapes) : undefined;
  const frameLoss = needsOf(config).includes('actualLoss') ? compileFrameLoss(engine, config) : undefined;
  return {
    ...{ ...step, parts, frameLoss },
    dispose: async () => {
      for (const program of [...Object.values(step), ...Object.values(parts ?? {})]) await program.dispose();
      await frameLoss?.dispose();
    },
  };
}

/** Gives so many normal numbers of a step, those of its masked frames. */
export type NoiseOf = (count: number) => Promise<Float32Array>;

/**
 * Does an update. The state given is used up.
 * @throws UserError (exit code 1) when a loss is not finite, or when the networks collapse
 */
export async function updateOnce(
  programs: UpdatePrograms,
  config: PretrainConfig,
  state: HeldState,
  { step, samples }: CropBatch,
  noise: NoiseOf = async (count) => noiseNumbers(config, step, 0, count),
): Promise<{ readonly state: HeldState; readonly log: UpdateLog }> {
  const { optimizer, masking } = config;
  const { student, teacher } = state;
  const crops = cropsOfParts(samples, config.batch);
  const taught: Awaited<ReturnType<typeof programs.teacher.run>>[] = [];
  try {
    for (const waveform of crops) taught.push(await programs.teacher.run({ student, teacher, waveform }));
    const predicted = {
      targets: taught.flatMap((part) => rowsOf(part.predictedFrom.targets)),
      encoder: taught.flatMap((part) => rowsOf(part.predictedFrom.encoder)),
    };
    const predictedLoss = predicted[predictorOf(config).reads];
    const seen = { step, student, crops, taught, predictedLoss };
    const grounds = await maskGrounds(config, programs.frameLoss, seen);
    const masks = chooseMasks(config, step, grounds);
    const masked = masks.reduce((sum, mask) => sum + countMasked(mask), 0);
    const numbers = await noise(masked * config.encoder.width);
    const learningRate = learningRateOf(config)(optimizer.learningRate, step);
    const decay = teacherDecayAt(config, step);
    const { measures, frames, ...updated } = await learn(
      programs,
      state,
      [...batchParts(config, step, crops, taught, masks, numbers)],
      { updatesBefore: scalar(step), learningRate: scalar(learningRate), decay: scalar(decay) },
    );
    try {
      await checkHealth(config, measures, step + 1, {
        'teacher pass': () => tensorsOf(taught),
        'updated student': () => updated.student.read(),
        'updated teacher': () => updated.teacher.read(),
      });
    } catch (error) {
      await releaseState(updated);
      throw error;
    }
    return {
      state: updated,
      log: {
        step: step + 1,
        ...measures,
        learningRate,
        teacherDecay: decay,
        maskedFraction: masked / masks.reduce((sum, { length }) => sum + length, 0),
        hardShare: maskings.find(masking.strategy).hardShare(masking, step / optimizer.steps),
        ...correlations({ student: frames.predicted, ...predicted }, frames.actual, masks),
      },
    };
  } finally {
    for (const { targets, predictorInput, studentInput } of taught) {
      await targets.release();
      await predictorInput?.release();
      await studentInput?.release();
    }
  }
}

/** The student's step on a batch, or on its parts one after the other. */
async function learn(
  { student: whole, parts }: UpdatePrograms,
  state: HeldState,
  batches: readonly BatchGiven[],
  at: { readonly updatesBefore: HostTensor; readonly learningRate: HostTensor; readonly decay: HostTensor },
): Promise<
  HeldState & {
    readonly measures: StepMeasures<number>;
    readonly frames: FrameLosses<readonly Float32Array[]>;
  }
> {
  const [batch, ...others] = batches;
  if (batch === undefined) throw new Error('an update needs a batch');
  if (parts === undefined) {
    const { measures, frames, ...updated } = await whole.run({ ...state, ...batch, ...at });
    return { ...updated, measures: numbersOf(measures), frames: framesOf([frames]) };
  }
  const { student } = state;
  let { sums, measures, frames } = await parts.first.run({ student, ...batch });
  const measured = [numbersOf(measures)];
  const measuredFrames = [frames];
  try {
    for (const other of others) {
      ({ sums, measures, frames } = await parts.more.run({ student, ...other, sums }));
      measured.push(numbersOf(measures));
      measuredFrames.push(frames);
    }
    const { gradientNorm, ...updated } = await parts.last.run({ ...state, ...at, sums });
    return {
      ...updated,
      measures: { ...meansOver(measured), ...numbersOf({ gradientNorm }) },
      frames: framesOf(measuredFrames),
    };
  } finally {
    await sums.release();
  }
}

/** The rows of all parts. */
const framesOf = (parts: readonly FrameLosses<HostTensor>[]): FrameLosses<readonly Float32Array[]> => ({
  actual: parts.flatMap(({ actual }) => rowsOf(actual)),
  predicted: parts.flatMap(({ predicted }) => rowsOf(predicted)),
});

/** Those that there are, by the names of the log. */
function correlations(
  predicted: Readonly<Record<'student' | 'targets' | 'encoder', readonly Float32Array[]>>,
  actual: readonly Float32Array[],
  masks: readonly Uint8Array[],
): Pick<UpdateLog, 'studentCorrelation' | 'targetsCorrelation' | 'encoderCorrelation'> {
  const named = Object.entries(predicted).flatMap(([whose, rows]) => {
    const correlation = meanRankCorrelation(rows, actual, masks);
    return correlation === undefined ? [] : [[`${whose}Correlation`, correlation] as const];
  });
  return Object.fromEntries(named);
}

/** What the teacher gave, by names. */
async function tensorsOf(
  taught: readonly (Taught & { readonly predictedFrom: Predicted<HostTensor> })[],
): Promise<Record<string, HostTensor>> {
  const tensors: Record<string, HostTensor> = {};
  for (const [part, { targets, predictedFrom }] of taught.entries()) {
    const where = taught.length === 1 ? '' : ` of part ${part + 1}`;
    tensors[`targets${where}`] = await targets.read();
    tensors[`predictedLoss${where}`] = predictedFrom.targets;
  }
  return tensors;
}

function numbersOf<Name extends string>(
  measures: Readonly<Record<Name, HostTensor>>,
): Readonly<Record<Name, number>> {
  const numbers = Object.entries<HostTensor>(measures).map(([name, tensor]) => [name, tensor.data[0]]);
  return Object.fromEntries(numbers) as Record<Name, number>;
}

/** Parts count alike: all have as many masked frames. */
function meansOver<Name extends string>(
  measured: readonly Readonly<Record<Name, number>>[],
): Readonly<Record<Name, number>> {
  const names = Object.keys(measured[0] ?? {}) as Name[];
  const means = names.map((name) => [name, meanOf(measured.map((each) => each[name]))]);
  return Object.fromEntries(means) as Record<Name, number>;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
