/** @file Hidden states of a frozen encoder: one program serves every length, and no utterance is padded. */

import { float32, floatsOf, type HostTensor } from '../base/host-tensor.js';
import { sayingWhatToDo } from '../base/runtime-failures.js';
import { waveformBatch } from '../encoders/batch.js';
import type { Encoder, EncoderGraph } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import * as tf from '../engine/ops.js';
import type { Parameters, ToHost, Tree } from '../engine/tree.js';

/** Runs an encoder over waveforms; `dispose` frees the program. */
export interface Extractor<Result> {
  (samples: Float32Array): Promise<Result>;
  dispose(): Promise<void>;
}

/** The same for utterances of one length, whose results differ from those of each alone by rounding. */
export interface SharingExtractor<Result> extends Extractor<Result> {
  /** @param utterances all of one number of samples */
  together(utterances: readonly Float32Array[]): Promise<Result[]>;
}

/**
 * All hidden states of one utterance: the input of block 0, then every block's output, each [frames, dim].
 * An utterance too short for one frame is zero-padded to `encoder.minimumSamples`.
 * @param type of the values: where they are to be `float16`, they are rounded inside the program; an ONNX file gives float32
 * @returns a function of 16 kHz samples, as read: it normalises them where the encoder asks for that
 */
export function extractHiddenStates(
  engine: Engine,
  encoder: Encoder,
  type: 'float32' | 'float16' = 'float32',
): Extractor<HostTensor[]> {
  if (encoder.graph !== undefined) return graphStates(engine, encoder, encoder.graph);
  const names = stateNames(encoder);
  const program = frozenProgram(
    engine,
    encoder,
    'hidden states',
    nameStates,
    type === 'float16' ? names : [],
  );
  const extract = async (samples: Float32Array): Promise<HostTensor[]> => {
    const outputs = await program(samples);
    return names.map((name) => withoutBatch(outputs[name]));
  };
  return Object.assign(extract, { dispose: program.dispose });
}

/**
 * The mean over time of every hidden state, taken inside the program.
 * @returns a function of 16 kHz samples, as read
 */
export function extractPooled(engine: Engine, encoder: Encoder): SharingExtractor<Means> {
  if (encoder.graph !== undefined) return graphMeans(graphStates(engine, encoder, encoder.graph));
  const program = frozenProgram(engine, encoder, 'means', (states) => {
    const means = states.map((state) => tf.mean(state, 1)); // [batch, dim] each
    const ones = tf.onesLike(tf.slice(states[0] as tf.Tensor, [0, 0, 0], [1, -1, 1])); // [1, frames, 1]
    return { means: tf.concat(means, 1), frames: tf.sum(ones) };
  });
  const together = async (utterances: readonly Float32Array[]): Promise<Means[]> => {
    const { means, frames } = await program.together(utterances); // [batch, layers * dim]
    const [layers, dim] = [encoder.dims.length, encoder.dims[0] as number];
    return utterances.map((_, row) => {
      const own = floatsOf(means).subarray(row * layers * dim, (row + 1) * layers * dim);
      return { means: float32([layers, dim], own), frames: Math.round(frames.data[0] as number) };
    });
  };
  const extract = async (samples: Float32Array): Promise<Means> =>
    ((await together([samples])) as [Means])[0];
  return Object.assign(extract, { together, dispose: program.dispose });
}

/** The mean over time of every hidden state, [layers, dim], and the number of frames that were averaged. */
export interface Means {
  readonly means: HostTensor;
  readonly frames: number;
}

/**
 * What a function makes of the hidden states of one utterance, each [1, frames, dim]: inside the encoder's program, or behind
 * that of an ONNX file.
 * @param what is made, for messages
 */
export function extractOutputs<Out extends Tree<tf.Tensor>>(
  engine: Engine,
  encoder: Encoder,
  what: string,
  outputs: (states: readonly tf.Tensor[]) => Out,
): Extractor<ToHost<Out>> {
  if (encoder.graph === undefined) return frozenProgram(engine, encoder, what, outputs);
  const states = graphStates(engine, encoder, encoder.graph);
  const names = stateNames(encoder);
  const program = engine.compile<Readonly<Record<string, tf.Tensor>>, Out>(
    (given) => outputs(names.map((name) => given[name] as tf.Tensor)),
    {
      name: `${what} of ${encoder.name}`,
      dynamicAxes: Object.fromEntries(names.map((name) => [name, 1])),
    },
  );
  const run = async (samples: Float32Array): Promise<ToHost<Out>> => {
    const found = (await states(samples)).map((state) => ({ ...state, shape: [1, ...state.shape] }));
    return program.run(Object.fromEntries(names.map((name, layer) => [name, found[layer] as HostTensor])));
  };
  const dispose = async (): Promise<void> => {
    await program.dispose();
    await states.dispose();
  };
  return Object.assign(run, { dispose });
}

/** Hidden states of an ONNX file, which is opened when the first utterance comes. */
function graphStates(engine: Engine, encoder: Encoder, graph: EncoderGraph): Extractor<HostTensor[]> {
  let opened: ReturnType<EncoderGraph['open']> | undefined;
  const extract = async (samples: Float32Array): Promise<HostTensor[]> => {
    opened ??= graph.open(engine);
    return (await opened)(samplesOf(encoder, samples));
  };
  // What could not be opened has said so when it was asked.
  const dispose = async (): Promise<void> =>
    opened?.then(
      (states) => states.close(),
      () => undefined,
    );
  return Object.assign(extract, { dispose });
}

/** As read, with zeros behind the end of what is too short. */
function samplesOf({ minimumSamples }: Encoder, samples: Float32Array): Float32Array {
  return waveformBatch({ normalizesWaveform: false, minimumSamples }, [samples]).waveform
    .data as Float32Array;
}

function graphMeans(states: Extractor<HostTensor[]>) {
  const extract = async (samples: Float32Array): Promise<Means> => {
    const found = await states(samples);
    const [frames = 0, dim = 0] = found[0]?.shape ?? [];
    const means = float32([found.length, dim]);
    for (const [layer, state] of found.entries())
      meanOver(floatsOf(state), frames, floatsOf(means).subarray(layer * dim, (layer + 1) * dim));
    return { means, frames };
  };
  // The file says nothing of batches.
  const together = async (utterances: readonly Float32Array[]): Promise<Means[]> => {
    const all: Means[] = [];
    for (const samples of utterances) all.push(await extract(samples));
    return all;
  };
  return Object.assign(extract, { together, dispose: states.dispose });
}

function meanOver(values: Float32Array, frames: number, mean: Float32Array): void {
  const sums = new Float64Array(mean.length);
  for (let i = 0; i < values.length; i++) {
    const at = i % sums.length;
    sums[at] = (sums[at] as number) + (values[i] as number);
  }
  mean.set(sums.map((sum) => sum / frames));
}

/**
 * A program of any length, from samples to what `outputs` makes of the hidden states; the engine holds the weights. `together`
 * runs utterances of one length as a batch.
 */
function frozenProgram<Out extends Tree<tf.Tensor>>(
  engine: Engine,
  encoder: Encoder,
  what: string,
  outputs: (states: readonly tf.Tensor[]) => Out,
  halves: readonly string[] = [],
): Extractor<ToHost<Out>> & { together(utterances: readonly Float32Array[]): Promise<ToHost<Out>> } {
  const program = engine.compile<FrozenInputs, Out>(
    ({ parameters, waveform }) => outputs(encoder.forward(parameters, { waveform })),
    { name: `${what} of ${encoder.name}`, dynamicAxes: { waveform: 1 }, halves },
  );
  const parameters = engine.hold<Parameters>(encoder.parameters);
  const together = (utterances: readonly Float32Array[]): Promise<ToHost<Out>> =>
    sayingWhatToDo(engine, remedies, () =>
      program.run({ parameters, waveform: waveformBatch(encoder, utterances).waveform }),
    );
  const run = (samples: Float32Array): Promise<ToHost<Out>> => together([samples]);
  const dispose = async (): Promise<void> => {
    await program.dispose();
    await parameters.release();
  };
  return Object.assign(run, { together, dispose });
}

const remedies = {
  lower: 'Cut long recordings into shorter ones, or run fewer jobs at a time',
  again: 'Run the same command again: features that are stored are kept',
};

/** A type, so that it is a tree. */
type FrozenInputs = { readonly parameters: Parameters; readonly waveform: tf.Tensor };

const stateName = (layer: number): string => `hidden.${layer}`;
const stateNames = ({ dims }: Encoder): string[] => dims.map((_, layer) => stateName(layer));

function nameStates(states: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  return Object.fromEntries(states.map((state, layer) => [stateName(layer), state]));
}

/** [1, frames, dim] to [frames, dim]. */
function withoutBatch(state: HostTensor | undefined): HostTensor {
  if (state === undefined) throw new Error('the encoder gave fewer hidden states than it has dims');
  return { ...state, shape: state.shape.slice(1) };
}
