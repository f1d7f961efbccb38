/** @file When a head's training is kept on disk, and what an interrupted one goes on from. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HeadWork, Keeping } from '../api/head-kind.js';
import { messageOf, UserError } from '../base/errors.js';
import { removeUnfinished } from '../base/files.js';
import {
  type HeadState,
  readHeadCheckpoint,
  writeHeadCheckpoint,
  writeHeadCheckpointSync,
} from './head-checkpoint.js';

export const usualSecondsBetweenCheckpoints = 30;
const greatestShareOfTime = 0.05;

export interface Keeper {
  readonly restored: HeadState | undefined;
  /**
   * Takes the state at a safe place; nobody may change it from then on.
   * @throws the signal's reason when it is aborted, once the state is on disk
   */
  hold(state: Omit<HeadState, 'seconds'>): Promise<void>;
  /** Spent before this process went on. */
  readonly earlierSeconds: number;
  close(): void;
}

/**
 * Opens the checkpoint of a training.
 * @param seeds those that train together
 * @param given what training is given besides: settings, classes or tokens
 */
export async function openKeeper(
  work: HeadWork,
  seeds: readonly number[],
  given: Readonly<Record<string, unknown>>,
): Promise<Keeper> {
  const keeping = work.keepingOf?.(seeds[0] as number);
  if (keeping === undefined)
    return { restored: undefined, hold: async () => {}, earlierSeconds: 0, close: () => {} };
  const { file, signal, everySeconds, say = () => {} } = keeping;
  const digest = digestOf(work, keeping, given);
  const restored = await restoredState(work.title, keeping, digest, seeds);
  const earlierSeconds = restored?.seconds ?? 0;
  const started = performance.now();
  let written = started;
  let pause = 1000 * everySeconds;
  let unwritten: HeadState | undefined;
  const atOnce = (): void => {
    try {
      if (unwritten !== undefined) writeHeadCheckpointSync(file, digest, unwritten);
    } catch (error) {
      // Nobody could catch what a listener throws; the last checkpoint is still there.
      say(messageOf(error));
    }
    unwritten = undefined;
  };
  signal?.addEventListener('abort', atOnce);
  return {
    restored,
    earlierSeconds,
    async hold(state) {
      const now = performance.now();
      unwritten = { ...state, seconds: earlierSeconds + (now - started) / 1000 };
      if (signal?.aborted) atOnce();
      signal?.throwIfAborted();
      if (now - written < pause) return;
      await writeHeadCheckpoint(file, digest, unwritten);
      unwritten = undefined;
      written = performance.now();
      if (everySeconds > 0) pause = Math.max(1000 * everySeconds, (written - now) / greatestShareOfTime);
    },
    close: () => signal?.removeEventListener('abort', atOnce),
  };
}

/** The state to go on from, if there is one; what cannot be used is reported. */
async function restoredState(
  title: string,
  { file, say = () => {} }: Keeping,
  digest: string,
  seeds: readonly number[],
): Promise<HeadState | undefined> {
  await removeUnfinished(dirname(file));
  if (!existsSync(file)) return undefined;
  try {
    const state = ofSeeds(await readHeadCheckpoint(file, digest), seeds, file);
    say(`${title}: going on from update ${state.done}`);
    return state;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`${messageOf(error)}. The ${title} starts anew`);
    return undefined;
  }
}

/** The part of a state that is these seeds'. Once all have ended, each seed is by itself; until then all go together. */
function ofSeeds(state: HeadState, seeds: readonly number[], file: string): HeadState {
  const held = new Set(state.courses.map(({ seed }) => seed));
  const same = held.size === seeds.length;
  if (!seeds.every((seed) => held.has(seed)) || !(same || state.runs === undefined))
    throw new UserError(`is the checkpoint of other seeds (${[...held].join(', ')})`, { file });
  return { ...state, courses: state.courses.filter(({ seed }) => seeds.includes(seed)) };
}

function digestOf(
  { features, places }: HeadWork,
  { origin }: Keeping,
  given: Readonly<Record<string, unknown>>,
): string {
  const { layers, dim } = features;
  // Places tell which utterances were left out.
  return createHash('sha256').update(JSON.stringify({ origin, given, layers, dim, places })).digest('hex');
}
