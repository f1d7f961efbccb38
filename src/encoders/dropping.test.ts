/** @file What encoders drop in training: decided by the key alone, nothing without one; masks of frames. */
import { describe, expect, it } from 'vitest';
import { floatsOf, type HostTensor, int32 } from '../base/host-tensor.js';
import { constants } from '../engine/constants.js';
import { distance, normals, runOn, runsOn, type testEngines } from '../engine/engines.fixture.js';
import * as tf from '../engine/ops.js';
import { configure } from './configured.js';
import type { Encoder } from './encoder.js';
import { toyEncoders } from './toy-encoders.fixture.js';

const waveform = normals([2, 2500], 'waveform', 0.3);
type States = Readonly<Record<string, HostTensor>>;

/** Hidden states, dropped by each of some keys, or once without one. */
function statesOn(
  engine: (typeof testEngines)[number],
  encoder: Encoder,
  keys: readonly number[],
): Promise<readonly States[]> {
  const given = keys.length === 0 ? [{}] : keys.map((key) => ({ key: int32([], [key]) }));
  return runsOn(
    engine,
    (inputs: { waveform: tf.Tensor; given: Record<string, tf.Tensor> }) => {
      const { key: dropoutKey } = inputs.given;
      const states = encoder.forward(constants(encoder.parameters), {
        waveform: inputs.waveform,
        ...(dropoutKey && { dropoutKey }),
      });
      return Object.fromEntries(states.map((state, i) => [`${i}`, state]));
    },
    given.map((each) => ({ waveform, given: each })),
  );
}

const states = async (encoder: Encoder, key?: number): Promise<States> =>
  (await statesOn('onnx', encoder, key === undefined ? [] : [key]))[0] as States;

type Make = () => Promise<Encoder>;

/** What several tests look at is computed once. */
function once<T>(compute: (make: Make) => Promise<T>): (make: Make) => Promise<T> {
  const known = new Map<Make, Promise<T>>();
  return (make) => {
    const result = known.get(make) ?? compute(make);
    known.set(make, result);
    return result;
  };
}
const withoutKey = once(async (make) => states(await make()));
const withKeys = once(async (make) => statesOn('onnx', withRates(await make(), all(0.2)), [7, 7, 8]));

/** The same weights with other rates. */
function withRates(
  encoder: Encoder,
  change: (rates: Record<string, number>) => Record<string, number>,
): Encoder {
  const config = encoder.config as { readonly dropout: Record<string, number> };
  const { encoder: other } = configure({ ...config, dropout: change(config.dropout) }, 'test');
  return { ...encoder, ...other };
}

const all = (value: number) => (rates: Record<string, number>) =>
  Object.fromEntries(Object.keys(rates).map((name) => [name, value]));
const only = (which: string, value: number) => (rates: Record<string, number>) => ({
  ...all(0)(rates),
  [which]: value,
});

const dropping = toyEncoders.filter(([name]) => name !== 'fbank');

describe('dropout', () => {
  it.each(dropping)('%s: the key decides what is dropped', async (_name, make) => {
    const [first, again, other] = (await withKeys(make)) as [States, States, States];
    expect(again).toEqual(first);
    const last = `${Object.keys(first).length - 1}`;
    expect(distance(other[last], first[last])).toBeGreaterThan(1e-2);
    expect(distance((await withoutKey(make))[last], first[last])).toBeGreaterThan(1e-2);
  });

  it.each(dropping)('%s: rates of zero drop nothing, whatever the key', async (_name, make) => {
    expect(await states(withRates(await make(), all(0)), 7)).toEqual(await withoutKey(make));
  });

  it.each(dropping)('%s: drops the same on every engine', async (_name, make) => {
    const encoder = withRates(await make(), all(0.2));
    const [[compiled], [eager]] = [await withKeys(make), await statesOn('wasm', encoder, [7])];
    for (const [layer, state] of Object.entries(compiled as States))
      expect(distance(state, eager?.[layer]), `layer ${layer}`).toBeLessThan(1e-4);
  });

  it.each(dropping)('%s: every rate drops something of its own', async (_name, make) => {
    const encoder = await make();
    const { dropout } = encoder.config as { readonly dropout: Record<string, number> };
    const last = `${encoder.dims.length - 1}`;
    const plain = (await withoutKey(make))[last];
    // Of the decoder, which only pre-training has.
    for (const which of Object.keys(dropout).filter((name) => name !== 'decoderInput'))
      expect(
        distance(
          (await states(withRates(encoder, only(which, which === 'layer' ? 1 : 0.5)), 3))[last],
          plain,
        ),
        which,
      ).toBeGreaterThan(1e-3);
  });
});

describe('layer drop', () => {
  it.each(dropping)('%s: a block that is dropped passes on what it was given', async (name, make) => {
    const encoder = withRates(await make(), only('layer', 1));
    const list = Object.values(await states(encoder, 7));
    const before = (await withoutKey(make))['0'] as HostTensor;
    expect(list[0]).toEqual(before);
    // The last state may have passed the final norm. The first block of WavLM stays, as in transformers; behind that of
    // EH-MAM with norms first stands the norm of its context encoder.
    const first = /wavlm|norms first/.test(name) ? 1 : 0;
    for (let i = first; i < list.length - 2; i++) expect(list[i + 1]).toEqual(list[i]);
    if (first === 1) expect(list[1]).not.toEqual(list[0]);
  });
});

describe('frames that training masks', () => {
  it.each(dropping)(
    '%s: are put in before the positions, and change what is around them',
    async (name, make) => {
      const encoder = await make();
      const seen: number[][] = [];
      const { masked, plain } = await runOn(
        'onnx',
        (inputs: { waveform: tf.Tensor }) => {
          const parameters = constants(encoder.parameters);
          const maskFrames = (frames: tf.Tensor): tf.Tensor => {
            seen.push([...frames.shape]);
            return frames.mul(tf.scalar(0));
          };
          return {
            masked: encoder.forward(parameters, { ...inputs, maskFrames }).at(-1) as tf.Tensor,
            plain: encoder.forward(parameters, inputs).at(-1) as tf.Tensor,
          };
        },
        { waveform },
      );
      // SEW masks frames before it squeezes them.
      const frames = /sew/.test(name) ? expect.any(Number) : plain.shape[1];
      expect(seen).toEqual([[plain.shape[0], frames, plain.shape[2]]]);
      expect(distance(masked, plain)).toBeGreaterThan(1e-2);
      // Whisper's silence behind the audio still tells how loud the audio was.
      if (name === 'whisper') return;
      // Without a waveform to tell them apart, both rows are the same.
      const values = floatsOf(masked);
      const half = values.length / 2;
      for (let i = 0; i < half; i++) expect(values[i]).toBeCloseTo(values[half + i] as number, 5);
    },
  );
});
