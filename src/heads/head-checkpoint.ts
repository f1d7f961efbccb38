/** @file The state of a head's training in one file: all it takes to go on from there, bit for bit. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import { readSafetensors, writeSafetensors, writeSafetensorsSync } from '../formats/safetensors.js';
import type { Grid } from './pooled-linear/grid.js';
import type { Course } from './search.js';

/** The file of a training that is not done yet, inside `<folder>/<encoder>/<task>/`. */
export const headCheckpointName = 'head.checkpoint.safetensors';

export interface HeadState {
  /** Updates that the runs in training have done. */
  readonly done: number;
  readonly courses: readonly Course[];
  /** The runs in training; undefined where every course so far has ended. */
  readonly runs: Grid | undefined;
  /** Of each run in training, the sum of its losses since the last look at dev. */
  readonly losses: readonly number[];
  /** Spent on training so far. */
  readonly seconds: number;
}

/** Raised when the file's layout or the way of training changes. */
const format = 'ehmam head checkpoint 1';

/** JSON knows no number that is not finite, nor the sign of a zero: these are kept as texts. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity', '-0']).transform(Number)]);
const point = z.object({ update: number, trainLoss: number, devMetric: number, devLoss: number });
const course = z.object({
  seed: z.int(),
  learningRate: number,
  best: z.object({ devMetric: number, devLoss: number, update: number }).optional(),
  curve: z.array(point),
  stale: z.int(),
  ended: z.enum(['stalled', 'hopeless', 'finished']).optional(),
});
const stateSchema = z.object({
  done: z.int().nonnegative(),
  courses: z.array(course),
  runs: z.object({ seeds: z.array(z.int()), rates: z.array(number) }).optional(),
  losses: z.array(number),
  seconds: z.number(),
  /** Of the parameters: a program's sums follow their order, a safetensors file does not. */
  names: z.array(z.string()),
});

/** Writes a state, whole or not at all. */
export async function writeHeadCheckpoint(file: string, digest: string, state: HeadState): Promise<void> {
  const { tensors, metadata } = storedState(state, digest);
  await writeSafetensors(file, tensors, metadata);
}

/** The same before it returns, for a process that is about to end. */
export function writeHeadCheckpointSync(file: string, digest: string, state: HeadState): void {
  const { tensors, metadata } = storedState(state, digest);
  writeSafetensorsSync(file, tensors, metadata);
}

/**
 * Reads the state of the training that has this digest.
 * @throws UserError for a file that is damaged, or of other work
 */
export async function readHeadCheckpoint(file: string, digest: string): Promise<HeadState> {
  const header = await readSafetensors(file, () => false);
  if (header.metadata.format !== format || header.metadata.digest !== digest)
    throw new UserError('is the checkpoint of other work (other data, settings, seeds, versions or engine)', {
      file,
    });
  const { tensors, metadata } = await readSafetensors(file);
  const text = metadata.state ?? '';
  if (hashOf(text, tensors) !== metadata.hash) throw new UserError('is damaged', { file });
  const { names, runs, ...state } = stateSchema.parse(JSON.parse(text));
  const tree = (group: string): HostParameters =>
    Object.fromEntries(names.map((name) => [name, tensors[`${group}/${name}`] as HostTensor]));
  return {
    ...state,
    courses: state.courses.map((one, i): Course => {
      const { best, ended } = one;
      const parameters = tensors[`best.${i}/${names[0]}`] === undefined ? {} : tree(`best.${i}`);
      return { ...one, ended, best: best && { ...best, parameters } };
    }),
    runs: runs && {
      ...runs,
      parameters: tree('parameters'),
      moments: { first: tree('first'), second: tree('second') },
    },
  };
}

function storedState({ runs, courses, ...rest }: HeadState, digest: string) {
  const trees: [string, HostParameters][] = courses.map(({ best }, i) => [
    `best.${i}`,
    best?.parameters ?? {},
  ]);
  if (runs !== undefined)
    trees.push(
      ['parameters', runs.parameters],
      ['first', runs.moments.first],
      ['second', runs.moments.second],
    );
  const tensors: Record<string, HostTensor> = Object.fromEntries(
    trees.flatMap(([group, tree]) =>
      Object.entries(tree).map(([name, tensor]) => [`${group}/${name}`, tensor]),
    ),
  );
  const names = trees.map(([, tree]) => Object.keys(tree)).find((each) => each.length > 0) ?? [];
  const kept: z.input<typeof stateSchema> = {
    ...rest,
    losses: [...rest.losses],
    courses: courses.map(({ best, curve, ...one }) => ({
      ...one,
      curve: [...curve],
      best: best && { devMetric: best.devMetric, devLoss: best.devLoss, update: best.update },
    })),
    runs: runs && { seeds: [...runs.seeds], rates: [...runs.rates] },
    names,
  };
  const state = JSON.stringify(kept, (_key, value: unknown) => {
    if (typeof value !== 'number') return value;
    if (Object.is(value, -0)) return '-0';
    return Number.isFinite(value) ? value : String(value);
  });
  return { tensors, metadata: { format, digest, state, hash: hashOf(state, tensors) } };
}

function hashOf(state: string, tensors: Readonly<Record<string, HostTensor>>): string {
  const hash = createHash('sha256').update(state);
  for (const name of Object.keys(tensors).sort()) {
    const { shape, data } = tensors[name] as HostTensor;
    hash.update(`${name} [${shape}]`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
