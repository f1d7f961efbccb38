/** @file What the inputs and outputs of an ONNX file are taken for, with a description and without. */
import { UserError } from '../../base/errors.js';
import { hintOfName } from '../../base/names.js';
import type { GraphSlot } from '../../engine/engine.js';
import { givenTypes } from '../../engine/graph-file.js';
import type { Description } from './description.js';
import type { InputAxis, OutputAxis } from './layout.js';

export interface StateOutput {
  readonly name: string;
  readonly layout: readonly OutputAxis[];
}

/** What a run is given and what is taken of it. */
export interface Roles {
  readonly input: GraphSlot;
  readonly layout: readonly InputAxis[];
  /** Length of the axis `bins`; 1 of a waveform. */
  readonly bins: number | undefined;
  readonly lengths: GraphSlot | undefined;
  readonly mask: GraphSlot | undefined;
  readonly constants: readonly { readonly slot: GraphSlot; readonly values: readonly number[] }[];
  readonly state: readonly { readonly slot: GraphSlot; readonly from: string }[];
  readonly states: readonly StateOutput[];
}

export interface Signature {
  readonly file: string;
  readonly inputs: readonly GraphSlot[];
  readonly outputs: readonly GraphSlot[];
}

const hintDescribe = (file: string): string => `'ehmam inspect ${file} --describe' writes a draft`;

/** An input or output in a line: `mel float32 [1, 80, frames]`. */
export const slotText = ({ name, type, shape }: GraphSlot): string => `${name} ${type} [${shape.join(', ')}]`;
const listed = (slots: readonly GraphSlot[]): string => slots.map(slotText).join('; ');

/**
 * Settles what everything is.
 * @throws UserError naming the input that nothing feeds, or whose type or rank does not fit; and where no output is a
 *   hidden state
 */
export function settleRoles(signature: Signature, description: Description): Roles {
  const { file, inputs, outputs } = signature;
  const find = (slots: readonly GraphSlot[], kind: string, name: string): GraphSlot => {
    const slot = slots.find((each) => each.name === name);
    if (slot !== undefined) return slot;
    throw new UserError(`has no ${kind} '${name}'`, {
      file,
      hint: hintOfName(
        name,
        slots.map((each) => each.name),
      ),
    });
  };
  const { lengths, mask, constants, state } = description;
  const named = new Set([lengths, mask, ...Object.keys(constants), ...Object.keys(state)]);
  const input =
    description.input.name === undefined
      ? onlyInput(signature, named, description)
      : find(inputs, 'input', description.input.name);
  const layout = inputLayout(input, description, file);
  const roles: Roles = {
    input,
    layout,
    bins: binsOf(input, layout, file),
    lengths: lengths === undefined ? undefined : find(inputs, 'input', lengths),
    mask: mask === undefined ? undefined : find(inputs, 'input', mask),
    constants: Object.entries(constants).map(([name, value]) => ({
      slot: find(inputs, 'input', name),
      values: typeof value === 'number' ? [value] : value,
    })),
    state: Object.entries(state).map(([name, from]) => ({
      slot: find(inputs, 'input', name),
      from: find(outputs, 'output', from).name,
    })),
    states: statesOf(signature, description, find),
  };
  for (const { name, type, shape } of [...inputs].filter((slot) => named.has(slot.name))) {
    if (givenTypes.includes(type)) continue;
    throw new UserError(`input ${slotText({ name, type, shape })} has an unsupported type`, {
      file,
      hint: `Export it with one of ${givenTypes.join(', ')}`,
    });
  }
  const fed = new Set([input.name, ...named]);
  const unfed = inputs.filter(({ name }) => !fed.has(name));
  if (unfed.length > 0) {
    throw new UserError(`unknown inputs ${listed(unfed)}`, {
      file,
      hint: `Describe them in encoder.json (lengths, mask, constants or state): ${hintDescribe(file)}`,
    });
  }
  return roles;
}

/** The input that is no other's: the waveform, or what the front end gives. */
function onlyInput(
  { file, inputs }: Signature,
  named: ReadonlySet<string | undefined>,
  description: Description,
): GraphSlot {
  const left = inputs.filter(({ name }) => !named.has(name));
  const [first] = left;
  if (first === undefined)
    throw new UserError('has no input for the waveform', { file, hint: hintDescribe(file) });
  if (left.length === 1) return first;
  const floats = left.filter(({ type, shape }) => type === 'float32' && shape.length === 2);
  if (floats.length === 1 && description.frontEnd === undefined) return floats[0] as GraphSlot;
  throw new UserError(
    `has ${left.length} inputs (${listed(left)}), and it is unclear which one is the waveform`,
    {
      file,
      hint: hintDescribe(file),
    },
  );
}

function inputLayout(
  input: GraphSlot,
  { input: { layout }, frontEnd, window }: Description,
  file: string,
): readonly InputAxis[] {
  if (input.type !== 'float32') {
    throw new UserError(`input ${slotText(input)} is not float32`, {
      file,
      hint: 'Export the model with a float32 input',
    });
  }
  const usual: readonly InputAxis[] = frontEnd === undefined ? ['batch', 'time'] : ['batch', 'bins', 'time'];
  const axes = layout ?? usual;
  if (axes.length !== input.shape.length) {
    const what = frontEnd === undefined ? 'a waveform is' : 'features are';
    throw new UserError(
      `input ${slotText(input)} has ${input.shape.length} axes, but ${what} [${axes.join(', ')}]`,
      {
        file,
        hint: `Set its layout, or a front end, in encoder.json: ${hintDescribe(file)}`,
      },
    );
  }
  for (const [i, length] of input.shape.entries()) {
    const axis = axes[i];
    if (typeof length === 'number' && length !== 1 && (axis === 'batch' || axis === 'one'))
      throw new UserError(
        `input ${slotText(input)} has ${length} where the ${axis === 'batch' ? 'batch' : "axis 'one'"} should be 1`,
        {
          file,
          hint: 'Export the model for a batch of one, or of any size',
        },
      );
    if (typeof length === 'number' && axis === 'time' && window === undefined)
      throw new UserError(`input ${slotText(input)} has a fixed length of ${length}`, {
        file,
        hint: `Describe in encoder.json how the audio is cut into windows ("window": { "size": ${length} }): ${hintDescribe(file)}`,
      });
  }
  if (frontEnd !== undefined && !axes.includes('bins'))
    throw new UserError("input.layout needs the axis 'bins' if there is a front end", { file });
  if (frontEnd === undefined && axes.includes('bins'))
    throw new UserError("input.layout has the axis 'bins', which needs a front end", {
      file,
      hint: "Set 'frontEnd' in encoder.json",
    });
  return axes;
}

function binsOf({ shape }: GraphSlot, layout: readonly InputAxis[], file: string): number | undefined {
  const place = layout.indexOf('bins');
  if (place < 0) return 1;
  if (layout.lastIndexOf('bins') !== place)
    throw new UserError("input.layout has the axis 'bins' twice", { file });
  const length = shape[place];
  return typeof length === 'number' ? length : undefined;
}

function statesOf(
  { file, outputs }: Signature,
  description: Description,
  find: (slots: readonly GraphSlot[], kind: string, name: string) => GraphSlot,
): StateOutput[] {
  const usual: readonly OutputAxis[] = ['batch', 'frames', 'dim'];
  if (description.outputs !== undefined) {
    return description.outputs.map((each) => {
      const { name, layout } = typeof each === 'string' ? { name: each, layout: undefined } : each;
      const slot = find(outputs, 'output', name);
      const axes = layout ?? usual;
      checkFloat(slot, file);
      if (slot.shape.length > 0 && slot.shape.length !== axes.length)
        throw new UserError(
          `output ${slotText(slot)} has ${slot.shape.length} axes, expected [${axes.join(', ')}]`,
          {
            file,
            hint: 'Set its layout in encoder.json ("outputs": [{ "name": ..., "layout": [...] }])',
          },
        );
      return { name, layout: axes };
    });
  }
  const found = outputs.filter(({ shape, type }) => shape.length === 3 && type === 'float32');
  if (found.length > 0) return found.map(({ name }) => ({ name, layout: usual }));
  const half = outputs.find(({ shape }) => shape.length === 3);
  if (half !== undefined) checkFloat(half, file);
  throw new UserError(`has no output with the axes [batch, frames, dim] (${listed(outputs)})`, {
    file,
    hint: `List the outputs that are hidden states, with their layout, in encoder.json: ${hintDescribe(file)}`,
  });
}

function checkFloat(slot: GraphSlot, file: string): void {
  if (slot.type === 'float32') return;
  throw new UserError(`output ${slotText(slot)} is not float32`, {
    file,
    hint: 'Export the model with float32 outputs',
  });
}
