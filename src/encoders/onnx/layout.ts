/** @file What the axes of an ONNX file's inputs and outputs are, and tensors brought to and from such an order. */
import { UserError } from '../../base/errors.js';
import { floatsOf, type HostTensor, sizeOf } from '../../base/host-tensor.js';

/** `time`: samples, or frames of features. `one`: an axis of length 1. */
export const inputAxes = ['batch', 'time', 'bins', 'one'] as const;
export type InputAxis = (typeof inputAxes)[number];

/** Several axes may be `dim`: their values stand one behind the other. Without `frames`, a run gives one frame. */
export const outputAxes = ['batch', 'frames', 'dim', 'one'] as const;
export type OutputAxis = (typeof outputAxes)[number];

/**
 * Steps in a file's order of axes.
 * @param steps [time, bins], row by row
 */
export function arrange(steps: Float32Array, bins: number, layout: readonly InputAxis[]): HostTensor {
  const time = steps.length / bins;
  const lengths = { batch: 1, one: 1, time, bins };
  const shape = layout.map((axis) => lengths[axis]);
  const binsFirst = bins > 1 && layout.indexOf('bins') < layout.indexOf('time');
  return { dtype: 'float32', shape, data: binsFirst ? transposed(steps, time, bins) : steps };
}

/** [rows, columns] to [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column] as number;
  }
  return result;
}

/**
 * An output as [frames, dim].
 * @throws UserError naming the output whose shape is not of that layout
 */
export function framesOf(
  tensor: HostTensor,
  layout: readonly OutputAxis[],
  name: string,
  file: string,
): HostTensor {
  const { shape } = tensor;
  const wrong = layout.some((axis, i) => (axis === 'batch' || axis === 'one') && shape[i] !== 1);
  if (shape.length !== layout.length || wrong) {
    throw new UserError(`output '${name}' has shape [${shape.join(', ')}], expected [${layout.join(', ')}]`, {
      file,
      hint: 'Correct the layout of that output in encoder.json',
    });
  }
  const frames = layout.includes('frames') ? (shape[layout.indexOf('frames')] as number) : 1;
  const data = floatsOf(tensor);
  const dim = frames === 0 ? dimOf(shape, layout) : data.length / frames;
  const place = layout.indexOf('frames');
  const before = place < 0 ? 1 : sizeOf(shape.slice(0, place));
  const result: HostTensor = { dtype: 'float32', shape: [frames, dim], data };
  // [before, frames, after]: in order where nothing stands before the frames.
  return before === 1 || frames <= 1 ? result : { ...result, data: gathered(data, before, frames) };
}

function dimOf(shape: readonly number[], layout: readonly OutputAxis[]): number {
  return sizeOf(shape.filter((_, i) => layout[i] === 'dim'));
}

/** [before, frames, after] to [frames, before * after]. */
function gathered(values: Float32Array, before: number, frames: number): Float32Array {
  const after = values.length / before / frames;
  const result = new Float32Array(values.length);
  for (let i = 0; i < before; i++) {
    for (let frame = 0; frame < frames; frame++) {
      const from = (i * frames + frame) * after;
      result.set(values.subarray(from, from + after), (frame * before + i) * after);
    }
  }
  return result;
}
