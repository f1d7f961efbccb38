/** @file Keeps the training of heads: one file for all the seeds that train together. */
import type { z } from 'zod';
import type { HeadWork } from '../api/head-kind.js';
import { UserError } from '../base/errors.js';
import { digestOf } from './checkpoint-file.js';
import type { Course } from './course.js';
import { keepByTime } from './keep-by-time.js';
import { type Keeper, keepNothing } from './keeper.js';

/** The file of a training that is not done yet, inside `<folder>/<encoder>/<task>/`. */
export const headCheckpointName = 'head.checkpoint.safetensors';
/** The same of heads on every hidden state alone. */
export const layersCheckpointName = 'layers.checkpoint.safetensors';

/** What keeping needs of a head's work. */
export type KeptWork = Pick<HeadWork, 'places' | 'title' | 'keepingOf'> & {
  readonly features: Pick<HeadWork['features'], 'layers' | 'dim'>;
};

/** What every head's state holds. */
export interface CoursesState {
  readonly courses: readonly Course[];
  /** Spent on training so far. */
  readonly seconds: number;
}

export interface WorkKeeper<State> extends Keeper<State> {
  /** When it is aborted, the training is to stop. */
  readonly signal: AbortSignal | undefined;
  /** Spent on training before this process went on. */
  readonly earlierSeconds: number;
  /** Spent on training so far. */
  seconds(): number;
}

/**
 * Opens the checkpoint of a training of heads.
 * @param kind of the head
 * @param given what training is given beside the work: what is to be learnt, settings
 * @param seeds those that train together: their file is the first one's
 * @param schema of the kind's states
 * @param together whether a state is of all its seeds or of none: until all have ended, they go together
 */
export async function keepWork<State extends CoursesState>(
  { features: { layers, dim }, places, title, keepingOf }: KeptWork,
  kind: string,
  given: Readonly<Record<string, unknown>>,
  seeds: readonly number[],
  schema: z.ZodType<State>,
  together: (state: State) => boolean,
): Promise<WorkKeeper<State>> {
  const started = performance.now();
  const keeping = keepingOf?.(seeds[0] as number);
  const timed = (keeper: Keeper<State>): WorkKeeper<State> => {
    const earlierSeconds = keeper.restored?.state.seconds ?? 0;
    const seconds = (): number => earlierSeconds + (performance.now() - started) / 1000;
    return { ...keeper, signal: keeping?.signal, earlierSeconds, seconds };
  };
  if (keeping === undefined) return timed(keepNothing());
  const { file, origin, everySeconds, say } = keeping;
  // Places tell which utterances were left out.
  const digest = digestOf({ origin, given, layers, dim, places });
  return timed(
    await keepByTime({
      file,
      origin: { kind, digest },
      schema,
      everySeconds,
      title,
      say,
      accept: (state) => ofSeeds(state, seeds, together(state), file),
    }),
  );
}

/** The part of a state that is these seeds'. */
function ofSeeds<State extends CoursesState>(
  state: State,
  seeds: readonly number[],
  together: boolean,
  file: string,
): State {
  const held = new Set(state.courses.map(({ seed }) => seed));
  const same = held.size === seeds.length;
  if (!seeds.every((seed) => held.has(seed)) || !(same || !together))
    throw new UserError(`is a checkpoint of different seeds (${[...held].join(', ')})`, { file });
  return { ...state, courses: state.courses.filter(({ seed }) => seeds.includes(seed)) };
}
