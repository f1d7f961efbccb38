/** @file Gradients through every family: against finite differences, eager ones, PyTorch's, and those of rows alone. */
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostParameters, type HostTensor, int32 } from '../base/host-tensor.js';
import { distance, engineUnderTest, expectNear, normals } from '../engine/engines.fixture.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { readSafetensors } from '../formats/safetensors.js';
import { lossAndGradients } from '../nn/gradients.js';
import { frameCount } from './batch.js';
import type { Encoder } from './encoder.js';
import { loadEncoder } from './load.js';
import { toyEncoders } from './toy-encoders.fixture.js';

/** Two rows; the second is padded. */
const lengths = [1700, 1203];

type Inputs = {
  readonly parameters: Parameters;
  readonly waveform: tf.Tensor;
  readonly lengths: tf.Tensor;
  readonly upstream: Parameters;
};

type EngineUnderTest = Awaited<ReturnType<typeof engineUnderTest>>;

/** The hidden states' product with random numbers of their shapes. */
function projection(
  encoder: Encoder,
  { parameters, waveform, lengths: counts, upstream }: Inputs,
): tf.Tensor {
  const states = encoder.forward(parameters, { waveform: parameters.waveform ?? waveform, lengths: counts });
  return states
    .map((state, i) => state.mul(upstream[`${i}`] as tf.Tensor).sum())
    .reduce((sum, value) => sum.add(value));
}

const lossProgram = (engine: EngineUnderTest, encoder: Encoder) =>
  engine.compile((inputs: Inputs) => ({ loss: projection(encoder, inputs) }), { name: 'loss' });

const gradientProgram = (engine: EngineUnderTest, encoder: Encoder) =>
  engine.compile(
    (inputs: Inputs) => {
      const { loss, gradients } = lossAndGradients(inputs.parameters, (parameters) => ({
        loss: projection(encoder, { ...inputs, parameters }),
        auxiliary: {},
      }));
      return { loss: loss as tf.Tensor, gradients };
    },
    { name: 'gradients' },
  );

/** A batch of those rows; where there are no parameters, the waveform is differentiated with respect to. */
function inputsOf(encoder: Encoder, rows: readonly number[] = [0, 1]) {
  const samples = rows.map((row) => lengths[row] as number);
  const longest = Math.max(...samples);
  const waves = rows.map((row) => floatsOf(normals([lengths[row] as number], `wave ${row}`, 0.3)));
  const waveform = new Float32Array(rows.length * longest);
  for (const [i, wave] of waves.entries()) waveform.set(wave, i * longest);
  const [frames, most] = [frameCount(encoder, longest), frameCount(encoder, Math.max(...lengths))];
  const upstream = encoder.dims.map((dim, layer) => {
    // A row's frames have the same numbers in every batch.
    const each = rows.map((row) =>
      floatsOf(normals([most, dim], `upstream ${row} ${layer}`, 0.1)).slice(0, frames * dim),
    );
    const data = Float32Array.from(each.flatMap((values) => [...values]));
    return [`${layer}`, float32([rows.length, frames, dim], data)] as const;
  });
  const host = float32([rows.length, longest], waveform);
  const parametersOrWave =
    Object.keys(encoder.parameters).length > 0 ? encoder.parameters : { waveform: host };
  return {
    parameters: parametersOrWave as HostParameters,
    waveform: host,
    lengths: int32([rows.length], samples),
    upstream: Object.fromEntries(upstream),
  };
}

const gradientsOf = (engine: EngineUnderTest, encoder: Encoder, rows?: readonly number[]) => {
  const program = gradientProgram(engine, encoder);
  return program.run(inputsOf(encoder, rows)).finally(() => program.dispose());
};

type Make = () => Promise<Encoder>;
const ofBoth = new Map<string, Map<Make, ReturnType<typeof gradientsOf>>>();

/** Those of the batch of both rows, which several tests look at: computed once. */
async function gradientsOn(name: 'onnx' | 'wasm', make: Make): Promise<HostParameters> {
  const known = ofBoth.get(name) ?? new Map<Make, ReturnType<typeof gradientsOf>>();
  ofBoth.set(name, known);
  const result = known.get(make) ?? gradientsOf(await engineUnderTest(name), await make());
  known.set(make, result);
  return (await result).gradients;
}

/** `tensor` plus `step` along `direction`. */
const moved = (tensor: HostTensor, direction: HostTensor, step: number): HostTensor =>
  float32(
    tensor.shape,
    floatsOf(tensor).map((value, i) => value + step * (direction.data[i] as number)),
  );

/** A direction of length 1. */
function direction(shape: readonly number[], name: string): HostTensor {
  const draw = floatsOf(normals(shape, `direction ${name}`));
  const norm = Math.hypot(...draw);
  return float32(
    shape,
    draw.map((value) => value / norm),
  );
}

const along = (gradient: HostTensor, unit: HostTensor): number =>
  floatsOf(gradient).reduce((sum, value, i) => sum + value * (unit.data[i] as number), 0);

/** Statistics of training, and sinusoids: no parameters to be trained. */
const isFixed = (name: string): boolean => /(running_(mean|var)|embed_positions\.weight)$/.test(name);

/** Half the distance of the two points that a finite difference looks at; a waveform has more values than parameters. */
const stepOf = (name: string): number => (name === 'waveform' ? 0.05 : 0.005);

describe.each(['onnx', 'wasm'] as const)('gradients on %s equal finite differences', async (name) => {
  const engine = await engineUnderTest(name);
  // Log-mel energies take long operation by operation; compiled gradients are compared with those below.
  const quick = toyEncoders.filter(([toy]) => name === 'onnx' || toy !== 'wav2vec2-bert');
  it.each(quick)('%s', async (_name, make) => {
    const encoder = await make();
    const inputs = inputsOf(encoder);
    const losses = lossProgram(engine, encoder);
    const gradients = await gradientsOn(name, make);
    const lossAt = async (key: string, tensor: HostTensor): Promise<number> => {
      const { loss } = await losses.run({ ...inputs, parameters: { ...inputs.parameters, [key]: tensor } });
      return loss.data[0] as number;
    };
    let largest = 0;
    // Operation by operation, every sixteenth parameter: all of them are compared with the compiled gradients below.
    const every = name === 'onnx' ? 1 : 16;
    const trained = Object.entries(inputs.parameters).filter(([key]) => !isFixed(key));
    for (const [key, tensor] of trained.filter((_, i) => i % every === 0)) {
      const [unit, h] = [direction(tensor.shape, key), stepOf(key)];
      const difference =
        ((await lossAt(key, moved(tensor, unit, h))) - (await lossAt(key, moved(tensor, unit, -h)))) /
        (2 * h);
      const slope = along(gradients[key] as HostTensor, unit);
      largest = Math.max(largest, Math.abs(slope));
      expect(Math.abs(slope - difference), key).toBeLessThan(1e-3 * (1 + Math.abs(difference)));
    }
    expect(largest).toBeGreaterThan(1e-2);
    await losses.dispose();
  });
});

describe('gradients', async () => {
  const onnx = await engineUnderTest('onnx');

  it.each(toyEncoders)('compiled and eager are the same: %s', async (_name, make) => {
    const gradients = await gradientsOn('onnx', make);
    expectNear(gradients, await gradientsOn('wasm', make), 1e-4);
    const trained = Object.entries(gradients).filter(([name]) => !isFixed(name));
    for (const [name, { data }] of trained)
      expect(
        data.some((value) => value !== 0),
        name,
      ).toBe(true);
    for (const [name, { data }] of Object.entries(gradients))
      if (isFixed(name))
        expect(
          data.every((value) => value === 0),
          name,
        ).toBe(true);
  });

  it.each(toyEncoders.slice(1))(
    'of a padded batch are the sum of those of its rows alone: %s',
    async (_name, make) => {
      const encoder = await make();
      const together = await gradientsOn('onnx', make);
      const { gradients: first } = await gradientsOf(onnx, encoder, [0]);
      const { gradients: second } = await gradientsOf(onnx, encoder, [1]);
      const sum = Object.fromEntries(
        Object.entries(first).map(([key, tensor]) => [key, moved(tensor, second[key] as HostTensor, 1)]),
      );
      expectNear(together, sum, 1e-4);
    },
  );
});

it.each(['onnx', 'wasm'] as const)(
  "wav2vec 2.0 with group norms has PyTorch's gradients on %s",
  async (name) => {
    const folder = 'test/fixtures/huggingface/wav2vec2-group';
    const encoder = await loadEncoder(folder);
    const { tensors } = await readSafetensors(`${folder}/gradients.safetensors`);
    const under = (prefix: string): HostParameters =>
      Object.fromEntries(
        Object.entries(tensors).flatMap(([key, tensor]) =>
          key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : [],
        ),
      );
    const waveform = tensors.waveform as HostTensor;
    const { loss, gradients } = await gradientProgram(await engineUnderTest(name), encoder).run({
      parameters: encoder.parameters,
      waveform,
      lengths: int32([1], [waveform.shape[1] as number]),
      upstream: under('upstream.'),
    });
    expect(distance(loss, tensors.loss)).toBeLessThan(1e-5);
    expectNear(gradients, under('gradient.'), 1e-4);
  },
);
