/** @file Numbers of a device beside the processor's: hidden states, losses and gradients of every fixture, and runs repeated. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { floatsOf, type HostTensor, int32, scalar } from '../../src/base/host-tensor.js';
import { randomStream } from '../../src/base/random.js';
import type { Encoder } from '../../src/encoders/encoder.js';
import { loadEncoder } from '../../src/encoders/load.js';
import type { Engine } from '../../src/engine/engine.js';
import type * as tf from '../../src/engine/ops.js';
import { flatten, isHostTensor, type Parameters } from '../../src/engine/tree.js';
import { extractHiddenStates } from '../../src/features/extract.js';
import { ctcLoss } from '../../src/nn/ctc.js';
import { lossAndGradients } from '../../src/nn/gradients.js';
import { linear } from '../../src/nn/linear.js';
import { bidirectionalLstm } from '../../src/nn/lstm.js';
import { compileStep, holdState, readState } from '../../src/pretrain/step.js';
import { normals } from '../normals.js';
import { gpuSizes, updateInputs } from '../pretrain-sizes.js';

export interface Agreement {
  readonly name: string;
  /** Largest difference; of states, relative to the largest value where that is above 1; of gradients, to the largest of all. */
  readonly difference: number;
}

const samples = 24000;

/** Every encoder of the fixtures that can be found, and a random one of the paper's size. */
export function specs(): string[] {
  const roots = ['huggingface', 'huggingface-recognisers', 'ehmam-official'];
  const found = roots.flatMap((root) => {
    const folder = join('test', 'fixtures', root);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .map((name) => join(folder, name))
      .filter((path) => existsSync(join(path, 'config.json')) || path.endsWith('tiny.pt'));
  });
  return [...found, 'random:tiny', 'random:base'];
}

export async function statesAgree(spec: string, engines: readonly [Engine, Engine]): Promise<Agreement> {
  const encoder = await loadEncoder(spec);
  const waveform = normals(randomStream(1, spec), [samples], 0.1);
  const [actual, expected] = await Promise.all(
    engines.map(async (engine) => {
      const extract = extractHiddenStates(engine, encoder);
      const states = await extract(floatsOf(waveform));
      await extract.dispose();
      return states;
    }),
  );
  return { name: `states of ${spec}`, difference: mostOf(actual, expected) };
}

type LossInputs = { readonly parameters: Parameters; readonly waveform: tf.Tensor };

/** The mean square of all hidden states, and its gradient with respect to every parameter. */
export async function gradientsAgree(spec: string, engines: readonly [Engine, Engine]): Promise<Agreement> {
  const encoder = await loadEncoder(spec);
  const waveform = normals(randomStream(1, spec), [2, samples / 4], 0.1);
  const [actual, expected] = await Promise.all(
    engines.map(async (engine) => {
      const program = engine.compile(lossOf(encoder), { name: 'loss and gradients' });
      const outputs = await program.run({ parameters: encoder.parameters, waveform });
      await program.dispose();
      return flatten(outputs, isHostTensor).map(([, tensor]) => tensor);
    }),
  );
  const largest = Math.max(
    ...(expected ?? []).flatMap((tensor) => floatsOf(tensor).reduce((a, b) => Math.max(a, Math.abs(b)), 0)),
  );
  return { name: `gradients of ${spec}`, difference: mostOf(actual, expected, largest) };
}

function lossOf(encoder: Encoder) {
  return ({ parameters: given, waveform }: LossInputs) => {
    const { loss, gradients } = lossAndGradients(given, (parameters) => ({
      loss: encoder
        .forward(parameters, { waveform })
        .map((state) => state.square().mean())
        .reduce((sum, value) => sum.add(value)),
      auxiliary: {},
    }));
    return { loss: loss as tf.Tensor, gradients };
  };
}

/** A recognition head in small, with utterances of several lengths: loss, and gradients with respect to every parameter. */
export async function headAgrees(engines: readonly [Engine, Engine]): Promise<Agreement> {
  const [batch, frames, width, units, tokens] = [6, 40, 24, 33, 12];
  const random = randomStream(1, 'recognition head');
  const layers = [width, 2 * units].flatMap((inputs, layer) =>
    ['', '_reverse'].flatMap((direction) => [
      [`lstm.weight_ih_l${layer}${direction}`, normals(random, [4 * units, inputs], 0.2)] as const,
      [`lstm.weight_hh_l${layer}${direction}`, normals(random, [4 * units, units], 0.2)] as const,
      [`lstm.bias_ih_l${layer}${direction}`, normals(random, [4 * units], 0.2)] as const,
      [`lstm.bias_hh_l${layer}${direction}`, normals(random, [4 * units], 0.2)] as const,
    ]),
  );
  const inputs = {
    parameters: {
      ...Object.fromEntries(layers),
      'out.weight': normals(random, [tokens, 2 * units], 0.2),
      'out.bias': normals(random, [tokens], 0.2),
    },
    x: normals(random, [batch, frames, width], 1),
    lengths: int32([batch], [frames, 12, 33, 25, 19, 38]),
    targets: int32(
      [batch, 8],
      Array.from({ length: batch * 8 }, (_, i) => 1 + (i % (tokens - 1))),
    ),
    targetLengths: int32([batch], [8, 3, 7, 5, 8, 1]),
  };
  const [actual, expected] = await Promise.all(
    engines.map(async (engine) => {
      const program = engine.compile(headLoss, { name: 'recognition head' });
      const outputs = await program.run(inputs);
      await program.dispose();
      return flatten(outputs, isHostTensor).map(([, tensor]) => tensor);
    }),
  );
  return { name: 'loss and gradients of a recognition head', difference: mostOf(actual, expected) };
}

type HeadInputs = { readonly parameters: Parameters } & Readonly<
  Record<'x' | 'lengths' | 'targets' | 'targetLengths', tf.Tensor>
>;

function headLoss({ parameters: given, x, lengths, targets, targetLengths }: HeadInputs) {
  const own = lengths as tf.Tensor1D;
  const { loss, gradients } = lossAndGradients(given, (parameters) => {
    const first = bidirectionalLstm(parameters, 'lstm', x as tf.Tensor3D, own, 0);
    const second = bidirectionalLstm(parameters, 'lstm', first, own, 1);
    const logits = linear(parameters, 'out', second) as tf.Tensor3D;
    const losses = ctcLoss(logits, targets as tf.Tensor2D, own, targetLengths as tf.Tensor1D);
    return { loss: losses.mean(), auxiliary: {} };
  });
  return { loss: loss as tf.Tensor, gradients };
}

/** Five updates of pre-training: the state after them, and whether a second run has the same bits. */
export async function updatesAgree(engines: readonly [Engine, Engine]): Promise<Agreement[]> {
  const size = gpuSizes[0];
  if (size === undefined) throw new Error('there is no size');
  const { student, teacher, adam, ...inputs } = updateInputs(size);
  const after = async (engine: Engine): Promise<HostTensor[]> => {
    const programs = compileStep(engine, size.config, student);
    let state = holdState(engine, { student, teacher, adam });
    for (let update = 0; update < 5; update++) {
      const {
        measures: _,
        frames: __,
        ...next
      } = await programs.student.run({
        ...state,
        ...inputs,
        updatesBefore: scalar(update),
        learningRate: scalar(1e-4),
        decay: scalar(0.999),
      });
      state = next;
    }
    const read = await readState(state);
    await Promise.all([programs.student.dispose(), programs.teacher.dispose()]);
    return Object.values(read.student);
  };
  const [device, processor] = engines;
  const [first, again, expected] = [await after(device), await after(device), await after(processor)];
  return [
    { name: 'parameters after five updates of tiny', difference: mostOf(first, expected) },
    { name: 'the same on the device a second time', difference: mostOf(first, again) },
  ];
}

/** @param least what differences are relative to, where values are smaller */
function mostOf(actual: readonly HostTensor[] = [], expected: readonly HostTensor[] = [], least = 1): number {
  if (actual.length !== expected.length) throw new Error('there are not as many tensors');
  return Math.max(
    0,
    ...actual.map((tensor, i) => {
      const [a, b] = [floatsOf(tensor), floatsOf(expected[i] as HostTensor)];
      let [most, scale] = [0, least];
      for (const [at, value] of b.entries()) {
        scale = Math.max(scale, Math.abs(value));
        const each = Math.abs(value - (a[at] as number));
        if (!(each <= most)) most = each;
      }
      return most / scale;
    }),
  );
}
