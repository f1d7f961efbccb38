/** @file From samples to the hidden states of an ONNX file: rate, normalisation, front end, windows, one run after another. */
import { normalizeWaveform, sampleRateHz as ourRateHz, resample } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { float32, floatsOf, type HostTensor, sizeOf } from '../../base/host-tensor.js';
import type { Engine, GraphFile, GraphSlot } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import type { Description, Normalization } from './description.js';
import { arrange, framesOf, type OutputAxis } from './layout.js';
import { fewestSamples, logMelFrames } from './log-mel.js';
import type { Roles } from './roles.js';
import { joinWindows, type Windowing, windowCount, windowOf } from './windows.js';

/** Everything that decides what is computed. */
export interface OnnxPlan {
  readonly file: string;
  /** The file of the front end, where a file is that. */
  readonly frontEndFile: string | undefined;
  readonly description: Description;
}

/** All hidden states of 16 kHz samples, each [frames, dim]. */
export interface StatesOf {
  (samples: Float32Array): Promise<HostTensor[]>;
  close(): Promise<void>;
}

/** Steps that the model is given: samples, or frames of features. */
interface Steps {
  /** [steps, bins] */
  readonly values: Float32Array;
  readonly bins: number;
}

type FrontEndOf = ((waveform: Float32Array) => Promise<Steps>) & { close(): Promise<void> };

/** Opens the files of a plan. */
export async function openStates(plan: OnnxPlan, roles: Roles, engine: Engine): Promise<StatesOf> {
  if (engine.open === undefined) {
    throw new UserError(`is an ONNX file, which the engine '${engine.name}' cannot run`, {
      file: plan.file,
      hint: 'Use --engine onnx',
    });
  }
  const graph = await engine.open(plan.file);
  const frontEnd = await frontEndOf(plan, engine);
  const run = modelRun(plan, roles, graph);
  const compute = async (samples: Float32Array): Promise<HostTensor[]> => {
    const waveform = prepared(samples, plan.description);
    const { window } = plan.description;
    if (window === undefined) return run.once(await frontEnd(waveform));
    const windowing = windowingOf(window);
    if (window.of === 'frames') return run.windows(await frontEnd(waveform), windowing);
    if (plan.description.frontEnd === undefined) return run.windows({ values: waveform, bins: 1 }, windowing);
    return run.windows({ values: waveform, bins: 1 }, windowing, frontEnd);
  };
  const close = async (): Promise<void> => {
    await frontEnd.close();
    await graph.close();
  };
  return Object.assign(compute, { close });
}

/** A window's settings with what they leave out. */
export function windowingOf({
  size,
  hop = size,
  context,
  overlap,
  of,
  end,
}: NonNullable<Description['window']>): Windowing {
  return { size, hop, context, overlap, end: end ?? (of === 'frames' ? 'drop' : 'pad') };
}

/** At the model's rate, normalised and scaled. */
function prepared(samples: Float32Array, { sampleRateHz, normalization, scale }: Description): Float32Array {
  const normalized = normalizedBy(resample(samples, ourRateHz, sampleRateHz), normalization);
  return scale === 1 ? normalized : normalized.map((sample) => sample * scale);
}

function normalizedBy(samples: Float32Array, normalization: Normalization): Float32Array {
  if (normalization === 'none') return samples;
  if (normalization === 'utterance') return normalizeWaveform(samples);
  if (normalization === 'peak') {
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    return peak === 0 ? samples : samples.map((sample) => sample / peak);
  }
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  const change = normalization.decibels - 10 * Math.log10(power);
  if (power === 0 || (normalization.onlyIncrease && change < 0)) return samples;
  const factor = 10 ** (change / 20);
  return samples.map((sample) => sample * factor);
}

async function frontEndOf({ frontEndFile, description }: OnnxPlan, engine: Engine): Promise<FrontEndOf> {
  const { frontEnd, sampleRateHz } = description;
  const close = async (): Promise<void> => {};
  if (frontEnd === undefined)
    return Object.assign(async (values: Float32Array): Promise<Steps> => ({ values, bins: 1 }), { close });
  if ('model' in frontEnd) return fileFrontEnd(frontEndFile as string, frontEnd, engine);
  const program = engine.compile(
    ({ waveform }: { waveform: tf.Tensor }) => ({ frames: logMelFrames(waveform, frontEnd, sampleRateHz) }),
    { name: 'log-mel front end', dynamicAxes: { waveform: 1 } },
  );
  const fewest = fewestSamples(frontEnd);
  const compute = async (samples: Float32Array): Promise<Steps> => {
    if (samples.length < fewest) return { values: new Float32Array(), bins: frontEnd.bins };
    const { frames } = await program.run({ waveform: float32([1, samples.length], samples) });
    return { values: floatsOf(frames), bins: frontEnd.bins };
  };
  return Object.assign(compute, { close: () => program.dispose() });
}

type FileFrontEnd = Extract<NonNullable<Description['frontEnd']>, { model: string }>;

/** A front end in a file of its own: a waveform in, features out. */
async function fileFrontEnd(file: string, settings: FileFrontEnd, engine: Engine): Promise<FrontEndOf> {
  const graph = (await engine.open?.(file)) as GraphFile;
  const { input, output } = frontEndSlots(graph, file);
  const compute = async (samples: Float32Array): Promise<Steps> => {
    const shape = input.shape.length === 1 ? [samples.length] : [1, samples.length];
    const [features] = await graph.run({ [input.name]: float32(shape, samples) }, [output.name]);
    const { scale, shift } = settings;
    const tensor = features as HostTensor;
    const layout = settings.layout ?? usualLayout(tensor, output.name, file);
    const frames = framesOf(tensor, layout, output.name, file);
    const changed = scale !== 1 || shift !== 0;
    const values = floatsOf(frames);
    return {
      values: changed ? values.map((value) => value * scale + shift) : values,
      bins: frames.shape[1] as number,
    };
  };
  return Object.assign(compute, { close: () => graph.close() });
}

/** The one input and the one output of a front end. */
export function frontEndSlots({ inputs, outputs }: Pick<GraphFile, 'inputs' | 'outputs'>, file: string) {
  const [[input], [output]] = [inputs, outputs];
  const fits = (slot: GraphSlot | undefined, ...ranks: number[]): boolean =>
    slot !== undefined && slot.type === 'float32' && ranks.includes(slot.shape.length);
  if (inputs.length !== 1 || outputs.length !== 1 || !fits(input, 1, 2))
    throw new UserError('is not a front end: expected an input [1, samples] and an output of features', {
      file,
    });
  return { input: input as GraphSlot, output: output as GraphSlot };
}

/** Frames before bins, after as many axes of length 1 as there are. */
function usualLayout({ shape }: HostTensor, name: string, file: string): OutputAxis[] {
  const ones = shape.length - 2;
  if (ones < 0 || shape.slice(0, ones).some((length) => length !== 1))
    throw new UserError(
      `output '${name}' has shape [${shape.join(', ')}], and it is unclear which axis is the frames`,
      {
        file,
        hint: "Set 'frontEnd.layout' in encoder.json",
      },
    );
  return [...Array<OutputAxis>(ones).fill('one'), 'frames', 'dim'];
}

/** Runs of the model over what it is given. */
function modelRun({ file }: OnnxPlan, roles: Roles, graph: GraphFile) {
  const { input, layout, lengths, mask, constants, state, states } = roles;
  const outputs = [...states.map(({ name }) => name), ...state.map(({ from }) => from)];
  const wanted = [...new Set(outputs)];
  const fixed = Object.fromEntries(
    constants.map(({ slot, values }) => [slot.name, constantOf(slot, values, file)]),
  );
  const run = async ({ values, bins }: Steps, carried: Readonly<Record<string, HostTensor>>) => {
    checkBins(roles, bins, file);
    const steps = values.length / bins;
    const given = {
      ...fixed,
      ...carried,
      [input.name]: arrange(values, bins, layout),
      ...(lengths && { [lengths.name]: filled(lengths, [steps]) }),
      ...(mask && { [mask.name]: { ...float32([1, steps]), data: new Float32Array(steps).fill(1) } }),
    };
    const results = new Map(
      (await graph.run(given, wanted)).map((tensor, i) => [wanted[i] as string, tensor]),
    );
    const at = (name: string): HostTensor => results.get(name) as HostTensor;
    return {
      hidden: states.map(({ name, layout: axes }) => framesOf(at(name), axes, name, file)),
      next: Object.fromEntries(state.map(({ slot, from }) => [slot.name, at(from)])),
    };
  };
  const start = (): Record<string, HostTensor> =>
    Object.fromEntries(
      state.map(({ slot }) => [
        slot.name,
        float32(slot.shape.map((length) => (typeof length === 'number' ? length : 1))),
      ]),
    );
  return {
    once: async (steps: Steps): Promise<HostTensor[]> =>
      steps.values.length === 0 ? states.map(() => float32([0, 0])) : (await run(steps, start())).hidden,
    /** @param frontEnd from a window's samples to what the model takes */
    windows: async (
      { values, bins }: Steps,
      windowing: Windowing,
      frontEnd?: FrontEndOf,
    ): Promise<HostTensor[]> => {
      const steps = values.length / bins;
      const found: HostTensor[][] = states.map(() => []);
      let carried = start();
      for (let index = 0; index < windowCount(steps, windowing); index++) {
        const window = windowOf(values, bins, index, windowing);
        const { hidden, next } = await run(
          frontEnd ? await frontEnd(window) : { values: window, bins },
          carried,
        );
        for (const [i, state] of hidden.entries()) found[i]?.push(state);
        carried = next;
      }
      return found.map((windows) => joinWindows(windows, steps, windowing, file));
    },
  };
}

function checkBins({ bins: wanted, input }: Roles, bins: number, file: string): void {
  if (wanted === undefined || wanted === bins) return;
  throw new UserError(`input '${input.name}' needs ${wanted} bins, but the front end has ${bins}`, {
    file,
    hint: "Correct 'frontEnd' in encoder.json",
  });
}

/** Values in the shape of an input; one value fills it. */
function constantOf(slot: GraphSlot, values: readonly number[], file: string): HostTensor {
  const shape = slot.shape.map((length) =>
    typeof length === 'number' ? length : values.length === 1 ? 1 : values.length,
  );
  const size = sizeOf(shape);
  if (size > 1e6 || (values.length !== 1 && values.length !== size))
    throw new UserError(
      `constants.${slot.name} has ${values.length} values, but its input has shape [${slot.shape.join(', ')}]`,
      { file },
    );
  return float32(shape, values.length === 1 ? new Float32Array(size).fill(values[0] as number) : values);
}

/** A number for every axis that a lengths input has. */
function filled({ shape }: GraphSlot, values: readonly number[]): HostTensor {
  return float32(shape.length === 0 ? [] : [1], values);
}
