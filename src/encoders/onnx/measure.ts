/** @file What no ONNX file says and runs show: how wide its hidden states are, and at which lengths it gives frames. */
import { sampleRateHz as ourRateHz } from '../../audio/index.js';
import { messageOf, UserError } from '../../base/errors.js';
import type { HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import type { Roles } from './roles.js';
import { type OnnxPlan, type StatesOf, windowingOf } from './states.js';
import type { Windowing } from './windows.js';

export interface Measured {
  readonly dims: readonly number[];
  /** Of 16 kHz samples. */
  readonly minimumSamples: number;
  readonly hopSamples: number;
}

const oneSecond = ourRateHz;
/** Frames are looked for in audio of so many seconds, one length after another. */
const triedSeconds = [1, 4, 32];
const hintLayout =
  'Set the layout of its outputs in encoder.json ("outputs": [{ "name": ..., "layout": [...] }])';

/**
 * Runs the model a few dozen times on short noise.
 * @throws UserError for hidden states that differ in frames or width, or whose frames do not follow the samples
 */
export async function measure(plan: OnnxPlan, roles: Roles, states: StatesOf): Promise<Measured> {
  const { file, description } = plan;
  const { window } = description;
  const shapes = shapesOf(states);
  if (window?.of === 'samples') return measureWindow(shapes, windowingOf(window), plan, roles);
  const { first, most } = await firstFrames(shapes);
  checkEqual(first, roles, file);
  const dims = first.map(([, dim]) => dim);
  const frames = async (samples: number): Promise<number> =>
    shapes(samples).then(
      ([shape]) => shape?.[0] ?? 0,
      (error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        return 0;
      },
    );
  const minimumSamples = await fewest(frames, 1, 0, most);
  const least = await frames(minimumSamples);
  const next = await fewest(frames, least + 1, minimumSamples, most);
  const after = await fewest(frames, least + 2, next, most);
  if (least < 1 || (await frames(after)) < least + 2) throw await notInTime(shapes, roles, file);
  return { dims, minimumSamples, hopSamples: after - next };
}

/** Of windows of samples everything is known but how many frames one has: it is run once. */
async function measureWindow(
  shapes: ShapesOf,
  { size, hop, end }: Windowing,
  { file, description: { sampleRateHz } }: OnnxPlan,
  roles: Roles,
): Promise<Measured> {
  const scale = ourRateHz / sampleRateHz;
  const samples = Math.max(1, Math.round(size * scale));
  const first = await shapes(end === 'drop' ? samples + Math.ceil(scale) : samples);
  checkEqual(first, roles, file);
  const each = Math.max(1, Math.round(((first[0]?.[0] ?? 0) * size * scale) / samples));
  return {
    dims: first.map(([, dim]) => dim),
    minimumSamples: end === 'pad' ? 1 : samples + Math.ceil(scale) - 1,
    hopSamples: scale * (each === 1 ? hop : size / each),
  };
}

type ShapesOf = (samples: number) => Promise<(readonly [frames: number, dim: number])[]>;

function shapesOf(states: StatesOf): ShapesOf {
  const noise = (samples: number): Float32Array => {
    const random = randomStream(1, 'ONNX file');
    return Float32Array.from({ length: samples }, () => 0.1 * random.normal());
  };
  return async (samples) =>
    (await states(noise(samples))).map(
      ({ shape }: HostTensor) => [shape[0] as number, shape[1] as number] as const,
    );
}

/** The shapes of a length that gives frames, and that length. */
async function firstFrames(shapes: ShapesOf) {
  let failure: UserError | undefined;
  for (const seconds of triedSeconds) {
    const most = seconds * oneSecond;
    try {
      const first = await shapes(most);
      if (first[0]?.[0] !== 0) return { first, most };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failure ??= error;
    }
  }
  throw failure ?? new UserError(`returns no frames for ${triedSeconds.at(-1)} s of audio`);
}

/** The fewest samples that give so many frames, found by halving; `most` beyond `from` where none do. */
async function fewest(
  frames: (samples: number) => Promise<number>,
  wanted: number,
  from: number,
  most: number,
): Promise<number> {
  let step = 64;
  let low = from;
  while (step < most && (await frames(from + step)) < wanted) {
    low = from + step;
    step *= 2;
  }
  let high = from + Math.min(step, most);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if ((await frames(middle)) >= wanted) high = middle;
    else low = middle;
  }
  return high;
}

function checkEqual(shapes: readonly (readonly [number, number])[], { states }: Roles, file: string): void {
  const [first] = shapes;
  const other = shapes.findIndex(([frames, dim]) => frames !== first?.[0] || dim !== first[1]);
  if (first === undefined || first[1] === 0) throw new UserError('returns no hidden states', { file });
  if (other < 0) return;
  const text = (i: number): string => `'${states[i]?.name}' [${shapes[i]?.join(', ')}]`;
  throw new UserError(
    `outputs ${text(0)} and ${text(other)} differ: hidden states need the same frames and width`,
    {
      file,
      hint: 'List the outputs that are hidden states in encoder.json ("outputs": [...])',
    },
  );
}

/** Why frames do not grow with samples. */
async function notInTime(shapes: ShapesOf, { states }: Roles, file: string): Promise<UserError> {
  const name = states[0]?.name;
  const seen = await Promise.all(
    [oneSecond, 2 * oneSecond].map((samples) => shapes(samples).catch(messageOf)),
  );
  const failed = seen.find((each) => typeof each === 'string');
  if (failed !== undefined) return new UserError(`returns no frames: ${failed}`, { exitCode: 2 });
  const [[one], [two]] = seen as [[readonly [number, number]], [readonly [number, number]]];
  if (one[1] !== two[1])
    return new UserError(`output '${name}' has its frames on the last axis`, {
      file,
      hint: `${hintLayout}: ["batch", "dim", "frames"]`,
    });
  return new UserError(`output '${name}' has ${one[0]} frames for 1 s of audio, but ${two[0]} for 2 s`, {
    file,
    hint: hintLayout,
  });
}
