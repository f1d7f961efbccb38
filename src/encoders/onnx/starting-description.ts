/** @file A first `encoder.json` for an ONNX file: what its inputs and outputs suggest, to be checked by its user. */
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import type { GraphSlot } from '../../engine/engine.js';
import { openGraphFile } from '../../engine/graph-file.js';
import { descriptionFile } from './description.js';
import { findGraph } from './load.js';
import { readModelFile } from './model-file.js';
import { slotText } from './roles.js';

export interface Start {
  readonly path: string;
  /** What stands in it. */
  readonly description: Readonly<Record<string, unknown>>;
  /** What it could not know. */
  readonly questions: readonly string[];
}

/**
 * Writes `encoder.json` beside an ONNX file.
 * @param path the file, or a folder with one
 * @throws UserError where there is one already, and for a file that the runtime cannot load
 */
export async function writeStart(path: string): Promise<Start> {
  const { folder, file, descriptionPath, notes } = await findGraph(path);
  const place = join(folder, descriptionFile);
  if (descriptionPath !== undefined || notes.length > 0)
    throw new UserError('already exists', { file: place, hint: 'Move or remove it first' });
  await readModelFile(file);
  const { inputs, outputs, close } = await openGraphFile(file, 1);
  await close();
  const start = startOf(file.split(/[\\/]/).at(-1) as string, inputs, outputs);
  await writeFileAtomic(place, `${JSON.stringify(start.description, null, 2)}\n`);
  return { path: place, ...start };
}

/** What inputs and outputs suggest. */
export function startOf(
  model: string,
  inputs: readonly GraphSlot[],
  outputs: readonly GraphSlot[],
): Omit<Start, 'path'> {
  const questions: string[] = [];
  const floats = inputs.filter(({ type, shape }) => type === 'float32' && shape.length > 0);
  const states = stateOf(floats, outputs);
  const main = floats
    .filter(({ name }) => !Object.hasOwn(states, name))
    .sort((a, b) => freedom(b) - freedom(a))[0];
  if (main === undefined) questions.push('which input is the waveform (no float32 input looks like it)');
  const constants: Record<string, number> = {};
  let [lengths, mask]: (string | undefined)[] = [];
  for (const slot of inputs) {
    const { name, shape } = slot;
    if (slot === main || Object.hasOwn(states, name)) continue;
    if (/mask/i.test(name) && shape.length === 2) mask = name;
    else if (/len/i.test(name) && shape.length <= 1) lengths = name;
    else if (/^(sr|sample_?rate|sampling_?rate)$/i.test(name)) constants[name] = 16_000;
    else {
      constants[name] = 0;
      questions.push(`what the input ${slotText(slot)} is`);
    }
  }
  const carried = new Map(
    Object.entries(states).flatMap(([name, from]) => {
      const slot = inputs.find((each) => each.name === name);
      return slot === undefined ? [] : [[from, slot.shape] as const];
    }),
  );
  if (carried.size > 0)
    questions.push('how many samples a window has (window.size), and how many before it (window.context)');
  const rank = main?.shape.length ?? 2;
  const features =
    main !== undefined &&
    ((rank > 2 && !main.shape.slice(0, -1).every((length) => length === 1 || typeof length === 'string')) ||
      rank > 3);
  const layout = main === undefined ? undefined : layoutOf(main, features);
  if (features) questions.push('which log-mel front end the model was trained with (frontEnd)');
  const time = main?.shape[layout?.indexOf('time') ?? -1];
  const bins = main?.shape[layout?.indexOf('bins') ?? -1];
  return {
    description: {
      model,
      sampleRateHz: 16_000,
      normalization: 'none',
      ...(features && { frontEnd: { preset: 'kaldi', bins: typeof bins === 'number' ? bins : 80 } }),
      input: { ...(main && { name: main.name, layout }) },
      ...(lengths !== undefined && { lengths }),
      ...(mask !== undefined && { mask }),
      ...(Object.keys(constants).length > 0 && { constants }),
      ...(Object.keys(states).length > 0 && { state: states }),
      outputs: hiddenOf(outputs, carried, questions),
      ...(typeof time === 'number' && {
        window: { size: time, hop: time, of: features ? 'frames' : 'samples' },
      }),
      ...(typeof time !== 'number' && carried.size > 0 && { window: { size: 512, context: 0 } }),
    },
    questions,
  };
}

/** How likely an input is the waveform or the features: free axes, then long ones. */
const freedom = ({ shape }: GraphSlot): number =>
  shape.reduce<number>((sum, length) => sum + (typeof length === 'string' ? 1e6 : length), 0);

/** Inputs that an output of the same shape, or of a name that begins so, could feed at the next window. */
function stateOf(inputs: readonly GraphSlot[], outputs: readonly GraphSlot[]): Record<string, string> {
  const found = inputs.flatMap(({ name, shape }) => {
    const next = outputs.find(
      (output) =>
        output.name !== name && output.name.startsWith(name) && output.shape.length === shape.length,
    );
    return next === undefined ? [] : [[name, next.name] as const];
  });
  return Object.fromEntries(found);
}

function layoutOf({ shape }: GraphSlot, features: boolean): string[] {
  if (!features) return shape.map((_, i) => (i === shape.length - 1 ? 'time' : i === 0 ? 'batch' : 'one'));
  const inner = shape.flatMap((length, i) => (i > 0 && length !== 1 ? [i] : []));
  const [first = 1, second = 2] = inner;
  // A free axis is time; of two fixed ones the longer.
  const lengthOf = (i: number): number => (typeof shape[i] === 'string' ? 1e9 : Number(shape[i]));
  const time = lengthOf(first) > lengthOf(second) ? first : second;
  const bins = time === first ? second : first;
  return shape.map((_, i) => (i === time ? 'time' : i === bins ? 'bins' : i === 0 ? 'batch' : 'one'));
}

/** @param carried shapes of those that the next window is given */
function hiddenOf(
  outputs: readonly GraphSlot[],
  carried: ReadonlyMap<string, GraphSlot['shape']>,
  questions: string[],
): unknown[] {
  const plain = outputs.filter(
    ({ type, shape, name }) => type === 'float32' && shape.length === 3 && !carried.has(name),
  );
  if (plain.length > 0) return plain.map(({ name }) => ({ name, layout: ['batch', 'frames', 'dim'] }));
  questions.push('which outputs are hidden states, and what their axes are (outputs)');
  const axisOf = (length: number | string, i: number, rank: number): string => {
    if (carried.size > 0 && typeof length === 'number' && length > 1) return 'dim';
    return i === rank - 1 ? 'dim' : i === 0 ? 'batch' : 'one';
  };
  return outputs
    .filter(({ type }) => type === 'float32')
    .map(({ name, shape }) => {
      const known = carried.get(name) ?? shape;
      return { name, layout: known.map((length, i) => axisOf(length, i, known.length)) };
    });
}
