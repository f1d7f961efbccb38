/** @file What no ONNX file says and runs show: how wide its hidden states are, and at which lengths it gives frames. */
import { sampleRateHz as ourRateHz } from '../../audio/index.js';
import { messageOf, UserError } from '../../base/errors.js';
import type { HostTensor } from '../../base/host-tensor.js';
import { randomStream } from '../../base/random.js';
import type { Roles } from './roles.js';
import { type OnnxPlan, type StatesOf, windowingOf } from './states.js';

export interface Measured {
  readonly dims: readonly number[];
  /** Of 16 kHz samples. */
  readonly minimumSamples: number;
  readonly hopSamples: number;
}

const oneSecond = ourRateHz;
/** Frames are looked for in audio of up to so many samples. */
const longestSamples = 4 * oneSecond;
const mendLayout =
  'Say the layout of its outputs in encoder.json ("outputs": [{ "name": ..., "layout": [...] }])';

/**
 * Runs the model a few dozen times on short noise.
 * @throws UserError for hidden states that differ in frames or width, or whose frames do not follow the samples
 */
export async function measure(plan: OnnxPlan, roles: Roles, states: StatesOf): Promise<Measured> {
  const { file, description } = plan;
  const { window, sampleRateHz } = description;
  const shapes = shapesOf(states);
  const first = await shapes(oneSecond).catch(async (error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    return shapes(longestSamples);
  });
  checkEqual(first, roles, file);
  const dims = first.map(([, dim]) => dim);
  if (window?.of === 'samples') {
    const { size, hop, end } = windowingOf(window);
    const scale = ourRateHz / sampleRateHz;
    const each = await framesOfWindow(shapes, size * scale);
    return {
      dims,
      minimumSamples: end === 'pad' ? 1 : Math.ceil(size * scale),
      hopSamples: scale * (each === 1 ? hop : size / each),
    };
  }
  const frames = async (samples: number): Promise<number> =>
    shapes(samples).then(
      ([shape]) => shape?.[0] ?? 0,
      (error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        return 0;
      },
    );
  const minimumSamples = await fewest(frames, 1, 0, oneSecond);
  const least = await frames(minimumSamples);
  const next = await fewest(frames, least + 1, minimumSamples, oneSecond);
  const after = await fewest(frames, least + 2, next, oneSecond);
  if (least < 1 || (await frames(after)) < least + 2) throw await notInTime(shapes, roles, file);
  return { dims, minimumSamples, hopSamples: after - next };
}

type ShapesOf = (samples: number) => Promise<(readonly [frames: number, dim: number])[]>;

function shapesOf(states: StatesOf): ShapesOf {
  const random = randomStream(1, 'ONNX file');
  const noise = Float32Array.from({ length: longestSamples }, () => 0.1 * random.normal());
  return async (samples) =>
    (await states(noise.slice(0, samples))).map(
      ({ shape }: HostTensor) => [shape[0] as number, shape[1] as number] as const,
    );
}

/** Frames of a whole window, whatever its length. */
async function framesOfWindow(shapes: ShapesOf, samples: number): Promise<number> {
  const [short = 1] = (await shapes(1))[0] ?? [];
  if (samples <= longestSamples) return (await shapes(Math.ceil(samples)))[0]?.[0] ?? short;
  // A long window is not run for every length: frames of 4 s of it say how many there are in all.
  const [frames = 1] = (await shapes(longestSamples))[0] ?? [];
  return Math.round((frames * samples) / longestSamples);
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
  if (first === undefined || first[1] === 0) throw new UserError('gives no hidden states', { file });
  if (other < 0) return;
  const text = (i: number): string => `'${states[i]?.name}' [${shapes[i]?.join(', ')}]`;
  throw new UserError(
    `its outputs ${text(0)} and ${text(other)} differ: hidden states have the same frames and width`,
    {
      file,
      mend: 'Name those that belong together in an encoder.json ("outputs": [...])',
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
  if (failed !== undefined) return new UserError(`gives no frames: ${failed}`, { exitCode: 2 });
  const [[one], [two]] = seen as [[readonly [number, number]], [readonly [number, number]]];
  if (one[1] !== two[1])
    return new UserError(
      `its output '${name}' grows with the audio along its last axis: its frames come last`,
      {
        file,
        mend: `${mendLayout}: ["batch", "dim", "frames"]`,
      },
    );
  return new UserError(`its output '${name}' has ${one[0]} frames for 1 s of audio and ${two[0]} for 2 s`, {
    file,
    mend: mendLayout,
  });
}
