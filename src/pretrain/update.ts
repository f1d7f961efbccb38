/** @file One update of pre-training: the teacher's pass, the masks it asks for, the student's step, and a look at its health. */
import { sampleRateHz } from '../audio/index.js';
import { type HostParameters, type HostTensor, scalar } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import type { CropBatch } from '../data/crops.js';
import type { Engine } from '../engine/engine.js';
import { warmUpCosine } from '../training/schedule.js';
import type { PretrainConfig } from './config.js';
import { chooseMasks, noiseNumbers } from './draws.js';
import { checkHealth } from './health.js';
import { compileFrameLoss, type FrameLossProgram, maskGrounds, needsOf } from './mask-grounds.js';
import { maskings } from './masking/index.js';
import { countMasked } from './masking/spans.js';
import { teacherDecayAt } from './schedule.js';
import { compileStep, type HeldState, releaseState, type StepMeasures, type StepPrograms } from './step.js';
import { compileParts, type PartPrograms } from './step-parts.js';
import { type BatchGiven, batchParts, cropsOfParts, type Taught } from './update-batches.js';

/** What an update tells of itself. */
export interface UpdateLog extends StepMeasures<number> {
  /** Updates done, counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly teacherDecay: number;
  readonly maskedFraction: number;
  readonly hardShare: number;
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
    const grounds = await maskGrounds(config, programs.frameLoss, { step, student, crops, taught });
    const masks = chooseMasks(config, step, grounds);
    const masked = masks.reduce((sum, mask) => sum + countMasked(mask), 0);
    const numbers = await noise(masked * config.encoder.width);
    const { learningRate: peak, warmupSteps: warmUpUpdates, steps: updates } = optimizer;
    const learningRate = warmUpCosine({ warmUpUpdates, updates })(peak, step);
    const decay = teacherDecayAt(config.teacher, step);
    const { measures, ...updated } = await learn(
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
      },
    };
  } finally {
    for (const { targets, studentInput } of taught) {
      await targets.release();
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
): Promise<HeldState & { readonly measures: StepMeasures<number> }> {
  const [batch, ...others] = batches;
  if (batch === undefined) throw new Error('an update needs a batch');
  if (parts === undefined) {
    const { measures, ...updated } = await whole.run({ ...state, ...batch, ...at });
    return { ...updated, measures: numbersOf(measures) };
  }
  const { student } = state;
  let { sums, measures } = await parts.first.run({ student, ...batch });
  const measured = [numbersOf(measures)];
  try {
    for (const other of others) {
      ({ sums, measures } = await parts.more.run({ student, ...other, sums }));
      measured.push(numbersOf(measures));
    }
    const { gradientNorm, ...updated } = await parts.last.run({ ...state, ...at, sums });
    return { ...updated, measures: { ...meansOver(measured), ...numbersOf({ gradientNorm }) } };
  } finally {
    await sums.release();
  }
}

/** What the teacher gave, by names. */
async function tensorsOf(
  taught: readonly (Taught & { readonly predictedLoss: HostTensor })[],
): Promise<Record<string, HostTensor>> {
  const tensors: Record<string, HostTensor> = {};
  for (const [part, { targets, predictedLoss }] of taught.entries()) {
    const where = taught.length === 1 ? '' : ` of part ${part + 1}`;
    tensors[`targets${where}`] = await targets.read();
    tensors[`predictedLoss${where}`] = predictedLoss;
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
