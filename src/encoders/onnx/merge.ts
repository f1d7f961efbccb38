/** @file One ONNX model out of three graphs: what comes before a file's own, that graph, and what is made of its outputs. */
import onnxProto from 'onnx-proto';
import { UserError } from '../../base/errors.js';
import { lowerToOnnx } from '../../engine/lower.js';
import type { ModelNames } from '../../engine/model-names.js';
import type * as tf from '../../engine/ops.js';
import { feeds } from './feeds.js';
import { logMelFrames } from './log-mel.js';
import type { Measured } from './measure.js';
import { decodeModel, type ModelFile } from './model-file.js';
import { asOperatorSet, embedded, withPrefix } from './rewrite.js';
import type { Roles } from './roles.js';
import type { OnnxPlan } from './states.js';
import { normalizedWaveform } from './traced-waveform.js';

const { onnx } = onnxProto;
type Node = InstanceType<typeof onnx.NodeProto>;
type Graph = NonNullable<InstanceType<typeof onnx.ModelProto>['graph']>;

interface Parts {
  readonly plan: OnnxPlan;
  readonly roles: Roles;
  readonly measured: Measured;
  readonly model: ModelFile;
  /** What samples are multiplied by before all else. */
  readonly factor: number;
}

type Outputs = (states: readonly tf.Tensor[]) => Readonly<Record<string, tf.Tensor>>;

/** Where our operators begin to be what we write them as. */
const oldestOperatorSet = 13;

/**
 * The file between what prepares its input and what is made of its hidden states.
 * @throws UserError saying what keeps them from being one graph
 */
export async function mergedModel(parts: Parts, outputs: Outputs, names: ModelNames): Promise<Uint8Array> {
  const { plan, roles, model } = parts;
  checkJoinable(parts);
  const own = await decodeModel(plan.file);
  await embedded(own.graph as Graph, plan.file);
  withPrefix(own.graph as Graph, 'file/');
  const before = asOperatorSet(beforeModel(parts), 'before/', model);
  const after = asOperatorSet(afterModel(parts, outputs, names), 'after/', model);
  const fed = feeds(roles);
  const graph = own.graph as Graph;
  const constants = new Set((graph.initializer ?? []).map(({ name }) => name));
  own.irVersion = Math.max(8, Number(own.irVersion));
  own.producerName = 'ehmam';
  own.metadataProps = Object.entries(names.metadata ?? {}).map(([key, value]) => ({ key, value }));
  own.opsetImport = joinedSets(own.opsetImport ?? [], [...before.opsetImport, ...after.opsetImport]);
  own.graph = onnx.GraphProto.create({
    name: 'encoder',
    input: before.graph.input,
    output: after.graph.output,
    initializer: [
      ...before.graph.initializer,
      ...(graph.initializer ?? []),
      ...fed.initializers,
      ...after.graph.initializer,
    ],
    sparseInitializer: graph.sparseInitializer,
    node: [
      ...before.graph.node,
      identity('before/input', `file/${roles.input.name}`),
      ...fed.nodes,
      ...(graph.node ?? []),
      ...roles.states.map(({ name }, i) => identity(`file/${name}`, `after/state.${i}`)),
      ...after.graph.node,
    ],
  });
  const unfed = (graph.input ?? []).filter(({ name }) => name && !constants.has(name) && !isFed(name, roles));
  if (unfed.length > 0) throw new UserError(`needs the input '${unfed[0]?.name}'`, { file: plan.file });
  return onnx.ModelProto.encode(own).finish();
}

const isFed = (name: string, { input, lengths, mask, constants, state }: Roles): boolean =>
  [input, lengths, mask, ...constants.map(({ slot }) => slot), ...state.map(({ slot }) => slot)].some(
    (slot) => slot !== undefined && `file/${slot.name}` === name,
  );

function checkJoinable({ plan: { file, frontEndFile, description }, roles, model }: Parts): void {
  const { window, sampleRateHz } = description;
  const refuse = (what: string): never => {
    throw new UserError(`cannot be exported as one file: ${what}`, {
      file,
      hint: 'Use --format parts: a folder with the unchanged files and the head as a separate file',
    });
  };
  if (window !== undefined) refuse('it runs over windows');
  if (frontEndFile !== undefined) refuse('its front end is a separate file');
  if (sampleRateHz !== 16_000) refuse(`its sample rate is ${sampleRateHz} Hz`);
  if (model.operatorSet < oldestOperatorSet)
    refuse(`its operator set is version ${model.operatorSet}, a head needs ${oldestOperatorSet}`);
  for (const { name, layout } of roles.states) {
    if (layout.filter((axis) => axis === 'dim').length !== 1 || !layout.includes('frames'))
      refuse(`its output '${name}' has the layout [${layout.join(', ')}]`);
  }
}

/** From the raw waveform to the model's input. */
function beforeModel({ plan: { description }, roles: { layout }, measured, factor }: Parts): Uint8Array {
  const { frontEnd, normalization, scale, sampleRateHz } = description;
  return lowerToOnnx(
    ({ waveform }: { waveform: tf.Tensor }) => {
      const heard = factor === 1 ? waveform : waveform.mul(factor);
      const normalized = normalizedWaveform(heard, normalization);
      const prepared = scale === 1 ? normalized : normalized.mul(scale);
      if (frontEnd === undefined || 'model' in frontEnd)
        return { input: layout.length === 2 && layout[1] === 'time' ? prepared : inLayout(prepared, layout) };
      const frames = logMelFrames(prepared, frontEnd, sampleRateHz); // (1, time, bins)
      return { input: featuresIn(frames, layout) };
    },
    { waveform: { shape: [1, measured.minimumSamples], dtype: 'float32' } },
    { name: 'what comes before an ONNX file', dynamicAxes: { waveform: 1 } },
    { output: (path) => path, axis: (name) => (name === 'waveform' ? 'samples' : 'steps') },
  );
}

/** [1, samples] under axes of length 1. */
function inLayout(waveform: tf.Tensor, layout: Roles['layout']): tf.Tensor {
  const samples = waveform.shape[1] as number;
  return waveform.reshape(layout.map((axis) => (axis === 'time' ? samples : 1)));
}

/** [1, time, bins] in the model's order. */
function featuresIn(frames: tf.Tensor, layout: Roles['layout']): tf.Tensor {
  const binsFirst = layout.indexOf('bins') < layout.indexOf('time');
  let x = binsFirst ? frames.transpose([0, 2, 1]) : frames;
  x = x.squeeze([0]);
  for (const [place, axis] of layout.entries())
    if (axis === 'batch' || axis === 'one') x = x.expandDims(place);
  return x;
}

/** From the model's outputs to ours. */
function afterModel({ roles: { states }, measured }: Parts, outputs: Outputs, names: ModelNames): Uint8Array {
  const lengths = (layout: Roles['states'][number]['layout'], i: number): number[] =>
    layout.map((axis) => (axis === 'dim' ? (measured.dims[i] as number) : 1));
  const inputs = Object.fromEntries(
    states.map(({ layout }, i) => [`state.${i}`, { shape: lengths(layout, i), dtype: 'float32' as const }]),
  );
  return lowerToOnnx(
    (given: Readonly<Record<string, tf.Tensor>>) =>
      outputs(
        states.map(({ layout }, i) => {
          const state = given[`state.${i}`] as tf.Tensor;
          const dimFirst = layout.indexOf('dim') < layout.indexOf('frames');
          const ones = layout.flatMap((axis, place) => (axis === 'batch' || axis === 'one' ? [place] : []));
          const plain = state.squeeze(ones); // (frames, dim), or the other way round
          return (dimFirst ? plain.transpose([1, 0]) : plain).expandDims(0);
        }),
      ),
    inputs,
    {
      name: 'what is made of the hidden states of an ONNX file',
      dynamicAxes: Object.fromEntries(
        states.map(({ layout }, i) => [`state.${i}`, layout.indexOf('frames')]),
      ),
    },
    names,
  );
}

const identity = (from: string, to: string): Node =>
  onnx.NodeProto.create({ opType: 'Identity', input: [from], output: [to] });

type Sets = readonly { readonly domain?: string | null; readonly version?: unknown }[];

/** The file's versions, and those of domains that it does not use. */
function joinedSets(own: Sets, ours: Sets) {
  const known = new Map(
    own.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : (domain ?? ''), Number(version)]),
  );
  for (const { domain, version } of ours)
    if (!known.has(domain ?? '')) known.set(domain ?? '', Number(version));
  return [...known].map(([domain, version]) => ({ domain, version }));
}
