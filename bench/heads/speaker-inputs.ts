/** @file What `bench/heads/speakers` measures: updates of SUPERB's heads of verification and diarisation on random hidden states. */
import { float32, type HostParameters, type HostTensor, int32 } from '../../src/base/host-tensor.js';
import { randomStream } from '../../src/base/random.js';
import { activityStart, frameShares } from '../../src/heads/speaker-activity/model.js';
import { activityPresets, activitySettingsSchema } from '../../src/heads/speaker-activity/settings.js';
import { batchesTogether } from '../../src/heads/speaker-activity/training.js';
import { xVectorStart } from '../../src/heads/x-vector/model.js';
import { xVectorPresets, xVectorSettingsSchema } from '../../src/heads/x-vector/settings.js';
import { normals } from '../normals.js';

const [layers, dim] = [13, 768];
/** VoxCeleb1's, and crops of 8 s; Libri2Mix's mean length is about 14 s. */
const [classes, cropFrames] = [1211, 400];
const [speakers, mixtureFrames] = [2, 700];

export const headNames = ['x-vector', 'speaker-activity'] as const;
export type HeadName = (typeof headNames)[number];

export const verification = xVectorSettingsSchema.parse(xVectorPresets.superb);
export const diarization = activitySettingsSchema.parse(activityPresets.superb);

const drawn = (shape: readonly number[]): HostTensor =>
  normals(randomStream(1, 'speaker heads', ...shape), shape);

export interface SpeakerInputs {
  readonly parameters: HostParameters;
  /** Of one pass. */
  readonly batch: Readonly<Record<string, HostTensor>>;
  /** Passes that make an update. */
  readonly passes: number;
}

/** Seeded parameters, hidden states and targets; some rows are shorter, as those of a corpus are. */
export function speakerInputs(head: HeadName): SpeakerInputs {
  const random = randomStream(2, 'speaker targets');
  const shorter = (batch: number, frames: number) =>
    int32(
      [batch],
      Array.from({ length: batch }, (_, row) => frames - 20 * (row % 4)),
    );
  if (head === 'x-vector') {
    const { batchSize } = verification;
    const targets = float32([batchSize, classes]);
    for (let row = 0; row < batchSize; row++) targets.data[row * classes + random.integer(classes)] = 1;
    return {
      parameters: xVectorStart(1, { ...verification, layers, dim, classes }),
      batch: {
        states: drawn([layers, batchSize, cropFrames, dim]),
        lengths: shorter(batchSize, cropFrames),
        targets,
      },
      passes: verification.accumulation,
    };
  }
  const together = batchesTogether(diarization);
  const pieces = diarization.batchSize * together;
  const lengths = shorter(pieces, mixtureFrames);
  const labels = float32([pieces, mixtureFrames, speakers]);
  for (let i = 0; i < labels.data.length; i++) labels.data[i] = random.integer(2);
  return {
    parameters: activityStart(1, { ...diarization, layers, dim, speakers }),
    batch: {
      states: drawn([layers, pieces, mixtureFrames, dim]),
      lengths,
      labels,
      shares: float32([pieces], frameShares(Array.from(lengths.data, Number), diarization.batchSize)),
    },
    passes: diarization.accumulation / together,
  };
}
