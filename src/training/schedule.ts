/** @file Learning rates over a training: of the peak and the updates done before, counted from 0. */

/** The learning rate of an update. */
export type Schedule = (peak: number, update: number) => number;

export const constantRate: Schedule = (peak) => peak;

/** Falls in equal steps, to zero after the last update. */
export function linearDecay(updates: number): Schedule {
  return (peak, update) => peak * (1 - update / updates);
}

/** Linear warm-up, then the peak. */
export function warmUpConstant(warmUpUpdates: number): Schedule {
  return (peak, update) => (update < warmUpUpdates ? (peak * (update + 1)) / warmUpUpdates : peak);
}

/** Linear warm-up, then half a cosine down to a share of the peak, zero by default (fairseq's cosine scheduler). */
export function warmUpCosine({
  warmUpUpdates,
  updates,
  endShare = 0,
}: {
  readonly warmUpUpdates: number;
  readonly updates: number;
  readonly endShare?: number;
}): Schedule {
  const warmUp = warmUpConstant(warmUpUpdates);
  return (peak, update) => {
    if (update < warmUpUpdates) return warmUp(peak, update);
    const done = (update - warmUpUpdates) / Math.max(1, updates - warmUpUpdates);
    const end = endShare * peak;
    return end + 0.5 * (peak - end) * (1 + Math.cos(Math.PI * Math.min(1, done)));
  };
}

export interface TriStage {
  readonly updates: number;
  /** Shares of the updates: warm-up, hold, decay. */
  readonly phases: readonly [warmUp: number, hold: number, decay: number];
  /** Where the warm-up starts and the decay ends, as shares of the peak. */
  readonly startScale: number;
  readonly endScale: number;
}

/** Linear warm-up, constant, exponential decay, then constant (fairseq's tri_stage_lr_scheduler.py). */
export function triStage({ updates, phases, startScale, endScale }: TriStage): Schedule {
  const [warmUp, hold, decay] = phases.map((share) => Math.trunc(updates * share)) as [
    number,
    number,
    number,
  ];
  const decayFactor = decay === 0 ? 0 : -Math.log(endScale) / decay;
  return (peak, update) => {
    if (update < warmUp) return startScale * peak + ((peak - startScale * peak) / warmUp) * update;
    const afterHold = update - warmUp - hold;
    if (afterHold < 0) return peak;
    return afterHold <= decay ? peak * Math.exp(-decayFactor * afterHold) : endScale * peak;
  };
}
