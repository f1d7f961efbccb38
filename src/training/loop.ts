/** @file The loop of every training: updates, looks at dev, keeping, and a stop at a safe place. */
import type { Keeper } from './keeper.js';

/** A look at dev, and whether training ends with it. */
export interface Looked<State> {
  readonly state: State;
  readonly ended: boolean;
}

export interface TrainingLoop<State, Stored> {
  /** How many there are in all. */
  readonly updates: number;
  /**
   * Does updates `from` to `to`, counted from 0, `to` left out. The state given is used up.
   * @throws UserError where going on has no sense (`requireFinite`): what was kept stays
   */
  step(state: State, from: number, to: number): Promise<State>;
  /** How many updates `step` may do at once now (default: 1): after them a training may be kept or stopped. */
  readonly mostAtOnce?: () => number;
  /** Looks at dev after every so many updates, and after the last. */
  readonly looks?: { readonly every: number; look(state: State, update: number): Promise<Looked<State>> };
  readonly keeper: Keeper<Stored>;
  /** Copies the state to the host for the keeper: nobody changes it from then on. */
  stored(state: State): Promise<Stored>;
  /** Gives back what a state holds, where training throws: at the end of training the state is the caller's. */
  release?(state: State): Promise<void>;
  /** Told of every place reached. */
  report?(state: State, update: number): void;
  /** When it is aborted, training stops at the next safe place with its state on disk. */
  readonly signal?: AbortSignal | undefined;
}

/** Where a training stands. */
export interface Place<State> {
  /** Updates done. */
  readonly update: number;
  readonly state: State;
}

/**
 * Trains from a place on, until all updates are done, a look ends it, or the signal is aborted.
 * @throws UserError when a state cannot be kept, and whatever steps and looks throw
 */
export async function runUpdates<State, Stored>(
  loop: TrainingLoop<State, Stored>,
  from: Place<State>,
): Promise<Place<State> & { readonly interrupted: boolean }> {
  const { updates, looks, keeper, signal, mostAtOnce = () => 1 } = loop;
  let { update, state } = from;
  let [ended, kept] = [false, true];
  const read = (): Promise<Stored> => loop.stored(state);
  try {
    for (;;) {
      if (signal?.aborted) {
        if (!kept) await keeper.write(update, read);
        return { update, state, interrupted: true };
      }
      if (ended || update >= updates) return { update, state, interrupted: false };
      const next = looks === undefined ? updates : update - (update % looks.every) + looks.every;
      const to = Math.min(updates, next, update + mostAtOnce());
      state = await loop.step(state, update, to);
      update = to;
      if (looks !== undefined && (update % looks.every === 0 || update === updates))
        ({ state, ended } = await looks.look(state, update));
      loop.report?.(state, update);
      kept = await keeper.offer(update, read);
    }
  } catch (error) {
    await loop.release?.(state);
    throw error;
  }
}
