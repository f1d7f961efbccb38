/** @file Masking strategies: which frames the student does not see. */
import { UserError } from '../errors.js';
import type { RandomStream } from '../random.js';

export interface MaskSettings {
  /** Share of frames that spans would cover if they did not overlap (P). */
  readonly probability: number;
  /** Frames a span hides. */
  readonly span: number;
  /** The share of hard starts is (epoch + 1) / epochs, and `shareCap` once that reaches `capFrom`. */
  readonly epochs: number;
  readonly capFrom: number;
  readonly shareCap: number;
}

/** EH-MAM's values (released configuration). */
export const maskDefaults: MaskSettings = {
  probability: 0.5,
  span: 5,
  epochs: 150,
  capFrom: 0.7,
  shareCap: 0.8,
};

export interface MaskRequest {
  /** The teacher's predicted loss of each frame, a row an utterance. */
  readonly predictedLoss: readonly Float32Array[];
  /** Frames of each utterance; frames behind it are never masked. */
  readonly lengths: readonly number[];
  /** Part of the training that is done, in [0, 1). */
  readonly progress: number;
  readonly settings: MaskSettings;
  readonly random: RandomStream;
}

/** A plug-in: 1 where a frame is masked, a row an utterance, every row the same number of ones. */
export interface MaskingStrategy {
  readonly name: string;
  /** One line for `ehmam list maskings`. */
  readonly about: string;
  readonly choose: (request: MaskRequest) => readonly Uint8Array[];
}

/** The share of spans that start at hard frames. */
export function hardShare({ epochs, capFrom, shareCap }: MaskSettings, progress: number): number {
  // The last digits of step / steps must not move an epoch's first step into the epoch before.
  const share = (Math.floor(progress * epochs + 1e-6) + 1) / epochs;
  return share >= capFrom ? shareCap : share;
}

/** The paper's: the hardest frames start spans, more of them as training goes on. */
const easyToHard: MaskingStrategy = {
  name: 'easy-to-hard',
  about:
    'EH-MAM: spans start at the frames that the teacher predicts to be hard, more of them as training goes on',
  choose: (request) => spansFrom(request, hardShare(request.settings, request.progress)),
};

/** data2vec 2.0's spans. */
const random: MaskingStrategy = {
  name: 'random',
  about: 'data2vec 2.0: spans start anywhere',
  choose: (request) => spansFrom(request, 0),
};

/** Spans whose hardest starts are a share of all: the released code's selection. */
function spansFrom(
  { predictedLoss, lengths, settings, random: draws }: MaskRequest,
  share: number,
): Uint8Array[] {
  const { probability, span } = settings;
  const longest = Math.max(...lengths);
  const masks = lengths.map((length, row) => {
    const mask = new Uint8Array(longest);
    // At least one start, and at least one frame left to see, where there are two.
    const hidden = Math.max(0, Math.min(span, length - 1));
    const wanted = Math.floor((probability * length) / span + draws.uniform());
    const starts = Math.min(Math.max(1, wanted), length - hidden);
    const hard = starts - Math.floor(starts * (1 - share));
    const losses = predictedLoss[row] ?? new Float32Array(length);
    const hardest = hard === 0 ? [] : hardestFrames(losses, length, hard);
    const taken = new Set(hardest);
    const others = draws.shuffle(
      Array.from({ length: length - hidden }, (_, i) => i).filter((i) => !taken.has(i)),
    );
    for (const start of [...hardest, ...others.slice(0, starts - hard)])
      mask.fill(1, start, Math.min(start + hidden, length));
    return mask;
  });
  return evened(masks, Math.min(...lengths) - 1, draws);
}

/** Frames of highest loss; of equal ones the earlier. */
function hardestFrames(losses: Float32Array, length: number, count: number): number[] {
  return Array.from({ length }, (_, i) => i)
    .sort((a, b) => (losses[b] as number) - (losses[a] as number) || a - b)
    .slice(0, count);
}

/** Unmasks frames at random until every row masks as many as the smallest, and at most `most`. */
function evened(masks: readonly Uint8Array[], most: number, draws: RandomStream): Uint8Array[] {
  const counts = masks.map((mask) => mask.reduce((sum, bit) => sum + bit, 0));
  const fewest = Math.max(0, Math.min(most, ...counts));
  return masks.map((mask, row) => {
    const result = mask.slice();
    const masked = Array.from(mask.keys()).filter((i) => mask[i] === 1);
    for (const i of draws.shuffle(masked).slice(0, (counts[row] as number) - fewest)) result[i] = 0;
    return result;
  });
}

/** Strategies by name. */
export const maskings: ReadonlyMap<string, MaskingStrategy> = new Map(
  [easyToHard, random].map((strategy) => [strategy.name, strategy]),
);

/** @throws UserError listing the strategies when there is none of that name */
export function findMasking(name: string): MaskingStrategy {
  const strategy = maskings.get(name);
  if (strategy !== undefined) return strategy;
  throw new UserError(`there is no masking strategy '${name}'`, {
    mend: `Strategies: ${[...maskings.keys()].join(', ')}`,
  });
}
