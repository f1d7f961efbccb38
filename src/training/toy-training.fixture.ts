/** @file A training without a model, for tests of the loop and of keeping: a chain of numbers, each made of the last. */
import { z } from 'zod';
import { float32, type HostTensor } from '../base/host-tensor.js';
import { mix32 } from '../base/random.js';
import { type CheckpointOrigin, hostTensorSchema } from './checkpoint-file.js';
import type { Keeper } from './keeper.js';
import { runUpdates, type TrainingLoop } from './loop.js';

export interface ToyState {
  readonly weights: HostTensor;
  readonly curve: readonly number[];
}

export const toyOrigin: CheckpointOrigin = { kind: 'toy', digest: 'a' };
export const toySchema: z.ZodType<ToyState> = z.object({
  weights: hostTensorSchema,
  curve: z.array(z.number()),
});
const toyStart: ToyState = { weights: float32([3]), curve: [] };

/** Every update is a matter of the state before it and of its number. */
function updated({ weights, curve }: ToyState, update: number): ToyState {
  const values = Array.from(weights.data, (value, i) => mix32(value + 31 * i + update) / 2 ** 31);
  return { weights: float32([3], values), curve };
}

export interface ToyOptions {
  readonly keeper: Keeper<ToyState>;
  readonly updates?: number;
  readonly mostAtOnce?: number;
  readonly looksEvery?: number;
  readonly signal?: AbortSignal;
  /** Called before every step and look. */
  readonly before?: (what: 'step' | 'look', update: number) => void;
  /** Whether a look ends the training. */
  readonly endsAt?: (update: number) => boolean;
  readonly report?: (update: number) => void;
}

/** Trains from what the keeper has, or from the start. */
export function trainToy(options: ToyOptions) {
  const { keeper, updates = 12, mostAtOnce = 1, looksEvery, signal, before, endsAt, report } = options;
  const loop: TrainingLoop<ToyState, ToyState> = {
    updates,
    mostAtOnce: () => mostAtOnce,
    keeper,
    signal,
    async step(state, from, to) {
      before?.('step', from);
      let next = state;
      for (let update = from; update < to; update++) next = updated(next, update);
      return next;
    },
    ...(looksEvery !== undefined && {
      looks: {
        every: looksEvery,
        async look(state, update) {
          before?.('look', update);
          const curve = [...state.curve, state.weights.data[0] as number];
          return { state: { ...state, curve }, ended: endsAt?.(update) ?? false };
        },
      },
    }),
    stored: async (state) => state,
    report: (_state, update) => report?.(update),
  };
  return runUpdates(loop, keeper.restored ?? { update: 0, state: toyStart });
}
