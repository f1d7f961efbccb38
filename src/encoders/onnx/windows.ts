/** @file Models that take windows of a fixed length: where windows lie, and how their frames are joined. */
import { UserError } from '../../base/errors.js';
import { floatsOf, type HostTensor } from '../../base/host-tensor.js';

export interface Windowing {
  /** Steps of a window: samples, or frames of features. */
  readonly size: number;
  /** Steps from the start of one window to that of the next. */
  readonly hop: number;
  /** Steps before a window that it is given as well. */
  readonly context: number;
  /** What a place is that several windows have frames for: their mean, or the frame that lies nearest its window's middle. */
  readonly overlap: 'mean' | 'middle';
  /** What is done with steps that fill no window: filled up with zeros, or dropped. */
  readonly end: 'pad' | 'drop';
}

/** How many windows so many steps have: where ends are filled up, at least one. */
export function windowCount(steps: number, { size, hop, end }: Windowing): number {
  const more = (steps - size) / hop;
  return end === 'pad' ? Math.max(0, Math.ceil(more)) + 1 : Math.max(-1, Math.floor(more)) + 1;
}

/**
 * The steps that a window is given, with zeros before the first and behind the last.
 * @param steps [steps, bins]
 */
export function windowOf(
  steps: Float32Array,
  bins: number,
  index: number,
  { size, hop, context }: Windowing,
): Float32Array {
  const first = index * hop - context;
  const window = new Float32Array((size + context) * bins);
  const [from, to] = [Math.max(0, first), Math.min(steps.length / bins, first + context + size)];
  if (to > from) window.set(steps.subarray(from * bins, to * bins), (from - first) * bins);
  return window;
}

/**
 * The frames of all windows in the order of time. Frames behind the last step are cut off.
 * @param windows [frames, dim] each, all of one shape
 * @param steps how many there were
 * @throws UserError for windows whose frames do not lie on one grid
 */
export function joinWindows(
  windows: readonly HostTensor[],
  steps: number,
  windowing: Windowing,
  file: string,
): HostTensor {
  const { size, hop } = windowing;
  if (windows.length === 0) return { dtype: 'float32', shape: [0, 0], data: new Float32Array() };
  const [each = 0, dim = 0] = windows[0]?.shape ?? [];
  if (windows.some(({ shape }) => shape[0] !== each))
    throw new UserError('its windows have different numbers of frames', { file });
  if (each === 1) return joined(windows, windows.length, dim);
  const own = ownFrames(steps, each, windowing);
  if (hop === size) return joined(windows, Math.min(own, each * windows.length), dim);
  const shift = (hop * each) / size;
  if (!Number.isInteger(shift)) {
    throw new UserError(
      `the frames of neighbouring windows do not line up: a window of ${size} has ${each} frames, and the next one starts ${shift.toFixed(2)} frames later`,
      { file, hint: `Choose a hop for which ${each} x hop is a multiple of ${size}` },
    );
  }
  return overlapped(windows, shift, own, windowing);
}

/** Frames that begin within the steps there are. */
function ownFrames(steps: number, each: number, { size, hop, end }: Windowing): number {
  if (end === 'pad') return Math.max(1, Math.floor((steps * each) / size));
  const last = (windowCount(steps, { size, hop, end } as Windowing) - 1) * hop + size;
  return Math.floor((last * each) / size);
}

function joined(windows: readonly HostTensor[], frames: number, dim: number): HostTensor {
  const data = new Float32Array(windows.length * floatsOf(windows[0] as HostTensor).length);
  let offset = 0;
  for (const window of windows) {
    data.set(floatsOf(window), offset);
    offset += window.data.length;
  }
  return { dtype: 'float32', shape: [frames, dim], data: data.slice(0, frames * dim) };
}

function overlapped(
  windows: readonly HostTensor[],
  shift: number,
  frames: number,
  { overlap }: Windowing,
): HostTensor {
  const [each = 0, dim = 0] = windows[0]?.shape ?? [];
  const data = new Float32Array(frames * dim);
  for (let frame = 0; frame < frames; frame++) {
    const first = Math.max(0, Math.ceil((frame - each + 1) / shift));
    const last = Math.min(windows.length - 1, Math.floor(frame / shift));
    const nearest = (frame - (each - 1) / 2) / shift;
    // Of two windows that are equally near, the earlier one.
    const chosen = Math.min(last, Math.max(first, Math.ceil(nearest - 0.5)));
    const [from, to] = overlap === 'middle' ? [chosen, chosen] : [first, last];
    for (let window = from; window <= to; window++) {
      const values = floatsOf(windows[window] as HostTensor);
      const start = (frame - window * shift) * dim;
      for (let i = 0; i < dim; i++)
        data[frame * dim + i] =
          (data[frame * dim + i] as number) + (values[start + i] as number) / (to - from + 1);
    }
  }
  return { dtype: 'float32', shape: [frames, dim], data };
}
