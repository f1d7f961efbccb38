/** @file What a training's loop knows of keeping: a state to go on from, and a place to offer new ones to. */
import { z } from 'zod';
import type { CheckpointOrigin } from './checkpoint-file.js';

/** A state as it is kept: plain values and host tensors. */
export interface Kept<State> {
  /** Updates done. */
  readonly update: number;
  readonly state: State;
}

/** What a checkpoint file holds, given the schema of the training's states. */
export const keptSchema = <State>(state: z.ZodType<State>): z.ZodType<Kept<State>> =>
  z.object({ update: z.int().nonnegative(), state });

/** What every way of keeping is told. */
export interface KeepOptions<State> {
  readonly origin: CheckpointOrigin;
  readonly schema: z.ZodType<State>;
  /** Told what a training goes on from, and what could not be used. */
  readonly say?: ((remark: string) => void) | undefined;
  /**
   * The part of a state that is this training's.
   * @throws UserError when it is not its at all
   */
  readonly accept?: (state: State, file: string) => State;
}

/** Keeps the newest state of a training on disk, as often as its policy says. */
export interface Keeper<State> {
  /** What an interrupted training goes on from. */
  readonly restored: Kept<State> | undefined;
  /**
   * Offers the state at a safe place. It is read from where it lies only if it is time to write it.
   * @returns whether it is on disk now
   * @throws UserError (exit code 1) when it cannot be written
   */
  offer(update: number, read: () => Promise<State>): Promise<boolean>;
  /** Writes the state whatever the policy says: the training is about to stop. */
  write(update: number, read: () => Promise<State>): Promise<void>;
}

/** For a training that is not kept. */
export function keepNothing<State>(): Keeper<State> {
  return { restored: undefined, offer: async () => false, write: async () => {} };
}
