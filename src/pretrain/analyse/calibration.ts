/** @file Whether predictions of the loss are as sure as they may be: the chance that a frame is the harder of two, and how often it is. */

/** Pairs of frames by the chance that the prediction gives to the one it calls harder. */
export interface CalibrationBin {
  /** Chances in [from, to). */
  readonly from: number;
  readonly to: number;
  readonly pairs: number;
  /** The mean chance, and the share of pairs whose frame was the harder one. */
  readonly predicted: number;
  readonly observed: number;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Mean over pairs of how far the chance of their bin is from what was observed. */
  readonly error: number;
}

const bins = 5;
const lowest = 0.5;
const width = (1 - lowest) / bins;

/**
 * Calibration of the chance that training's ranking loss fits, the logistic function of a difference of two predictions, over
 * all pairs of frames of an utterance whose actual losses differ.
 * @returns undefined where there is no pair
 */
export function calibrationOf(
  utterances: readonly { readonly predicted: Float32Array; readonly actual: Float32Array }[],
): Calibration | undefined {
  const counts = Array.from({ length: bins }, () => ({ pairs: 0, chance: 0, harder: 0 }));
  for (const { predicted, actual } of utterances) {
    for (let i = 1; i < predicted.length; i++) {
      for (let j = 0; j < i; j++) {
        const order = (actual[i] as number) - (actual[j] as number);
        if (order === 0) continue;
        const difference = (predicted[i] as number) - (predicted[j] as number);
        const chance = 1 / (1 + Math.exp(-Math.abs(difference)));
        const bin = counts[
          Math.min(bins - 1, Math.floor((chance - lowest) / width))
        ] as (typeof counts)[number];
        bin.pairs++;
        bin.chance += chance;
        // Equal predictions say nothing: half of them are right.
        bin.harder += difference === 0 ? 0.5 : Number(difference > 0 === order > 0);
      }
    }
  }
  const all = counts.reduce((sum, { pairs }) => sum + pairs, 0);
  if (all === 0) return undefined;
  const off = counts.reduce((sum, { chance, harder }) => sum + Math.abs(chance - harder), 0);
  return {
    bins: counts.flatMap(({ pairs, chance, harder }, i) =>
      pairs === 0
        ? []
        : [
            {
              ...{ from: rounded(lowest + i * width), to: rounded(lowest + (i + 1) * width), pairs },
              ...{ predicted: chance / pairs, observed: harder / pairs },
            },
          ],
    ),
    error: off / all,
  };
}

const rounded = (x: number): number => Number(x.toFixed(6));
