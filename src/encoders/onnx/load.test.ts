/** @file ONNX files of others as encoders: what is taken for what, what comes out, what is refused and how. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { createEngine } from '../../engine/create.js';
import { engineUnderTest } from '../../engine/engines.fixture.js';
import { extractHiddenStates, extractPooled } from '../../features/extract.js';
import type { Encoder } from '../encoder.js';
import { loadEncoder } from '../load.js';
import {
  channelsFirst,
  fixedLength,
  hop,
  type MadeUp,
  node,
  ofFeatures,
  plain,
  slot,
  taps,
  width,
  withState,
  writeModel,
} from './made-up.fixture.js';
import { writeStart } from './starting-description.js';

const { DataType, DataLocation } = onnxProto.onnx.TensorProto;
let root: string;
let places = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-onnx-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A folder with a model of that name, and a description where one is given. */
async function folderOf(model: MadeUp, description?: object, name = 'tiny.onnx'): Promise<string> {
  const folder = join(root, `place-${places++}`);
  await writeModel(join(folder, name), model);
  if (description !== undefined) await writeFile(join(folder, 'encoder.json'), JSON.stringify(description));
  return folder;
}

const samplesOf = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i) + 0.01 * (i % 5));

/** What the made-up convolution gives, written out. */
function convolved(samples: Float32Array): number[][] {
  const frames = Math.floor((samples.length - width) / hop) + 1;
  return Array.from({ length: frames }, (_, f) =>
    taps.map((row) => row.reduce<number>((sum, tap, k) => sum + tap * (samples[f * hop + k] as number), 0)),
  );
}

/** On the processor, and the same to the bit by the session of a device. */
async function statesOf(encoder: Encoder, samples: Float32Array): Promise<HostTensor[]> {
  const on = async (name: 'onnx' | 'device'): Promise<HostTensor[]> => {
    const extract = extractHiddenStates(await engineUnderTest(name), encoder);
    return extract(samples).finally(() => extract.dispose());
  };
  const states = await on('onnx');
  expect(await on('device')).toEqual(states);
  return states;
}

function expectClose(actual: HostTensor | undefined, expected: readonly (readonly number[])[]): void {
  expect(actual?.shape).toEqual([expected.length, expected[0]?.length ?? 0]);
  const flat = expected.flat();
  const scale = Math.max(1, ...flat.map(Math.abs));
  for (const [i, value] of floatsOf(actual as HostTensor).entries())
    expect(value / scale).toBeCloseTo((flat[i] as number) / scale, 5);
}

describe('an ONNX file without a description', () => {
  it('gives every output [batch, frames, dim] as a hidden state, in its order, and leaves the rest aside', async () => {
    const folder = await folderOf(plain);
    const encoder = await loadEncoder(join(folder, 'tiny.onnx'));
    expect(encoder).toMatchObject({
      name: 'tiny',
      family: 'onnx',
      dims: [3, 3],
      hopSamples: hop,
      minimumSamples: width,
      notes: ['ignored, because not hidden states: pooled'],
      graph: { parameters: 25 },
    });
    const samples = samplesOf(101);
    const states = await statesOf(encoder, samples);
    expectClose(states[0], convolved(samples));
    expectClose(
      states[1],
      convolved(samples).map((row) => row.map((value) => Math.max(0, value))),
    );
  });

  it('is called as its folder where it is called model.onnx, and is found by its folder', async () => {
    const folder = await folderOf(plain, undefined, 'model.onnx');
    expect((await loadEncoder(join(folder, 'model.onnx'))).name).toBe(folder.split('/').at(-1));
    expect((await loadEncoder(folder)).name).toBe(folder.split('/').at(-1));
  });

  it('has means over time that are those of its frames, and zeros behind what is too short', async () => {
    const encoder = await loadEncoder(join(await folderOf(plain), 'tiny.onnx'));
    const extract = extractPooled(await createEngine('onnx', { threads: 1 }), encoder);
    const samples = samplesOf(30);
    const { means, frames } = await extract(samples);
    const rows = convolved(samples);
    expect([frames, means.shape]).toEqual([rows.length, [2, 3]]);
    for (let c = 0; c < 3; c++) {
      const mean = rows.reduce((sum, row) => sum + (row[c] as number), 0) / rows.length;
      expect(floatsOf(means)[c]).toBeCloseTo(mean, 5);
    }
    const short = Float32Array.of(1, 2, 3);
    const padded = Float32Array.from({ length: width }, (_, i) => short[i] ?? 0);
    expect((await extract(short)).frames).toBe(1);
    expectClose((await statesOf(encoder, short))[0], convolved(padded));
    await extract.dispose();
  });

  it('has a hash of its content: another weight, another encoder; another place, the same', async () => {
    const [here, there] = [await folderOf(plain), await folderOf(plain)];
    const changed = await folderOf({
      ...plain,
      nodes: plain.nodes.map((each, i) => ({ ...each, name: `n${i}` })),
    });
    const hashes = await Promise.all(
      [here, there, changed].map(async (folder) => (await loadEncoder(join(folder, 'tiny.onnx'))).hash),
    );
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
    await writeFile(join(here, 'encoder.json'), JSON.stringify({ scale: 2 }));
    expect((await loadEncoder(join(here, 'tiny.onnx'))).hash).not.toBe(hashes[0]);
  });

  it('runs on the engine onnx alone, and has no gradients', async () => {
    const encoder = await loadEncoder(join(await folderOf(plain), 'tiny.onnx'));
    const extract = extractHiddenStates(await createEngine('cpu'), encoder);
    await expect(extract(samplesOf(20))).rejects.toThrow(
      /which the engine 'cpu' cannot run\. Use --engine onnx/,
    );
    expect(() => encoder.forward({}, {} as never)).toThrow(
      /cannot be trained or compiled into another program/,
    );
  });
});

describe('a description', () => {
  it('says layouts: frames last, a waveform of three axes', async () => {
    const folder = await folderOf(channelsFirst, {
      input: { layout: ['batch', 'one', 'time'] },
      outputs: [{ name: 'channels', layout: ['batch', 'dim', 'frames'] }],
    });
    const samples = samplesOf(50);
    expectClose((await statesOf(await loadEncoder(folder), samples))[0], convolved(samples));
  });

  it('says rate, normalisation and scale', async () => {
    const folder = await folderOf(plain, { normalization: 'peak', scale: 100, outputs: ['frames'] });
    const samples = samplesOf(40);
    const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scaled = samples.map((value) => (100 * value) / peak);
    expectClose((await statesOf(await loadEncoder(folder), samples))[0], convolved(scaled));
    const slow = await loadEncoder(await folderOf(plain, { sampleRateHz: 8000 }));
    expect(slow.hopSamples).toBe(2 * hop);
    const power = await loadEncoder(
      await folderOf(plain, { normalization: { decibels: -20 }, outputs: ['frames'] }),
    );
    const quiet = Float32Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 0.5 : -0.5));
    // A square wave at 0.5 has -6.02 dB: at -20 dB it is 0.1.
    expect(floatsOf((await statesOf(power, quiet))[0] as HostTensor)[0]).toBeCloseTo(0.1, 5);
  });

  it('joins windows of a model of a fixed length, and cuts what lies behind the end', async () => {
    const samples = samplesOf(37);
    const windows = [0, 16, 32].map((start) =>
      convolved(Float32Array.from({ length: 16 }, (_, i) => samples[start + i] ?? 0)),
    );
    const joined = await loadEncoder(await folderOf(fixedLength, { window: { size: 16 } }));
    // 37 samples are 37 / 16 * 3 = 6.9 frames.
    expectClose((await statesOf(joined, samples))[0], windows.flat().slice(0, 6));
    expect(joined.hopSamples).toBeCloseTo(16 / 3, 6);
    const dropped = await loadEncoder(await folderOf(fixedLength, { window: { size: 16, end: 'drop' } }));
    expectClose((await statesOf(dropped, samples))[0], windows.slice(0, 2).flat());
  });

  it('hands state from window to window, with constants and samples of context', async () => {
    const description = {
      outputs: [{ name: 'total', layout: ['batch', 'dim'] }],
      constants: { sr: 2 },
      state: { before: 'total' },
      window: { size: 4, context: 2 },
    };
    const samples = Float32Array.of(6, 6, 6, 6, 12, 12, 12, 12, 18);
    const states = await statesOf(await loadEncoder(await folderOf(withState, description)), samples);
    // Means over six samples, two of them from before: 24 / 6, (12 + 48) / 6, (24 + 18) / 6; 2 is added each time.
    expectClose(states[0], [[4 + 2], [4 + 2 + 10 + 2], [4 + 2 + 10 + 2 + 7 + 2]]);
  });

  it('feeds features of a front end, a mask of ones and lengths', async () => {
    const frontEnd = { preset: 'kaldi', bins: 2 };
    const description = {
      frontEnd,
      input: { name: 'features' },
      lengths: 'feature_lengths',
      mask: 'attention_mask',
    };
    const encoder = await loadEncoder(await folderOf(ofFeatures, description));
    expect(encoder).toMatchObject({ dims: [4], minimumSamples: 400, hopSamples: 160 });
    const [state] = await statesOf(encoder, samplesOf(720));
    expect(state?.shape).toEqual([3, 4]);
    const values = floatsOf(state as HostTensor);
    // Three frames: features, then 1 for the mask and 3 for the length.
    expect([values[2], values[3], values[10], values[11]]).toEqual([1, 3, 1, 3]);
  });

  it('takes a file as front end, and windows of its frames', async () => {
    const folder = await folderOf(
      {
        inputs: [slot('x', ['n', 2, 3, 1])],
        outputs: [slot('y', ['n', 1, 1, 6])],
        nodes: [node('Reshape', ['x', 'shape'], ['y'])],
        weights: [
          {
            name: 'shape',
            dims: [4],
            dataType: DataType.INT64,
            rawData: new Uint8Array(BigInt64Array.of(-1n, 1n, 1n, 6n).buffer),
          },
        ],
      },
      {
        model: 'tiny.onnx',
        frontEnd: { model: 'front.onnx', scale: 2, shift: 1, layout: ['batch', 'frames', 'dim'] },
        input: { layout: ['batch', 'time', 'bins', 'one'] },
        outputs: [{ name: 'y', layout: ['batch', 'one', 'one', 'dim'] }],
        window: { of: 'frames', size: 2, hop: 1 },
      },
    );
    await writeModel(join(folder, 'front.onnx'), {
      ...plain,
      outputs: [slot('frames', ['batch', 'time', 3])],
    });
    const samples = samplesOf(22);
    const features = convolved(samples).map((row) => row.map((value) => 2 * value + 1));
    const encoder = await loadEncoder(folder);
    expect(encoder).toMatchObject({ dims: [6], minimumSamples: 12, hopSamples: 4 });
    expectClose(
      (await statesOf(encoder, samples))[0],
      features.slice(1).map((row, i) => [...(features[i] as number[]), ...row]),
    );
  });

  it('that describes another file of the folder is ignored with a remark', async () => {
    const folder = await folderOf(plain, { model: 'other.onnx', scale: 7 });
    await writeModel(join(folder, 'other.onnx'), plain);
    const { notes, config } = await loadEncoder(join(folder, 'tiny.onnx'));
    expect(notes?.[0]).toMatch(/encoder\.json is for 'other\.onnx' and is ignored/);
    expect(config).toMatchObject({ scale: 1 });
  });
});

describe('weights in files beside the model', () => {
  const external = (location: string): MadeUp => ({
    ...plain,
    weights: [
      {
        name: 'taps',
        dims: [3, 1, width],
        dataType: DataType.FLOAT,
        dataLocation: DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: location }],
      },
      ...(plain.weights?.slice(1) ?? []),
    ],
  });
  const bytes = (scale: number): Uint8Array =>
    new Uint8Array(Float32Array.from(taps.flat(), (value) => scale * value).buffer);

  it('are read, and are a part of the hash', async () => {
    const [one, two] = [await folderOf(external('weights.bin')), await folderOf(external('weights.bin'))];
    await writeFile(join(one, 'weights.bin'), bytes(1));
    await writeFile(join(two, 'weights.bin'), bytes(2));
    const [first, second] = [await loadEncoder(one), await loadEncoder(two)];
    expect(first.hash).not.toBe(second.hash);
    expect(first.origin?.files).toEqual([join(one, 'tiny.onnx'), join(one, 'weights.bin')]);
    const samples = samplesOf(20);
    expectClose(
      (await statesOf(second, samples))[0],
      convolved(samples).map((row) => row.map((value) => 2 * value)),
    );
  });

  it.each(['../weights.bin', '/etc/hostname', 'a/../../b', 'absent.bin', '', 'link.bin'])(
    "are refused in '%s'",
    async (location) => {
      const folder = await folderOf(external(location));
      await mkdir(join(root, 'outside'), { recursive: true });
      await writeFile(join(root, 'outside', 'w.bin'), bytes(1));
      await symlink(join(root, 'outside', 'w.bin'), join(folder, 'link.bin'));
      await expect(loadEncoder(join(folder, 'tiny.onnx'))).rejects.toThrow(
        /tiny\.onnx: stores weights in '.*', (outside its folder|which is missing|which links to a file outside)/,
      );
    },
  );
});

describe('what is refused, and how', () => {
  const refused = async (model: MadeUp, message: RegExp, description?: object): Promise<void> => {
    const folder = await folderOf(model, description);
    const error = await loadEncoder(join(folder, 'tiny.onnx')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'UserError', message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain('\n');
  };

  it('an operator that the runtime lacks', () =>
    refused(
      {
        ...plain,
        domains: ['com.acme'],
        nodes: [...plain.nodes.slice(0, 3), node('Sparkle', ['frames'], ['rectified'], [], 'com.acme')],
        outputs: plain.outputs.slice(0, 1),
      },
      /uses the operator com\.acme:?\.?Sparkle, which ONNX Runtime does not support/,
    ));

  it('inputs and outputs of other types', async () => {
    await refused(
      {
        ...plain,
        inputs: [slot('audio', ['b', 's'], DataType.INT16)],
        nodes: [
          node('Cast', ['audio'], ['a'], [{ name: 'to', type: 2, i: 1 }]),
          node('Unsqueeze', ['a', 'one'], ['row']),
          ...plain.nodes.slice(1),
        ],
      },
      /input audio int16 \[b, s\] is not float32/,
    );
    await refused(
      {
        ...plain,
        outputs: [slot('half', ['batch', 'time', 3], DataType.FLOAT16)],
        nodes: [
          ...plain.nodes,
          node('Cast', ['frames'], ['half'], [{ name: 'to', type: 2, i: DataType.FLOAT16 }]),
        ],
      },
      /output half float16 .* is not float32/,
    );
  });

  it('ranks that are not said', async () => {
    await refused(
      channelsFirst,
      /input audio float32 \[1, 1, samples\] has 3 axes, but a waveform is \[batch, time\]/,
    );
    await refused(
      { ...plain, outputs: [plain.outputs[1] as ReturnType<typeof slot>] },
      /has no output with the axes/,
    );
    await refused(fixedLength, /has a fixed length of 16.*"window": \{ "size": 16 \}/);
    await refused({ ...plain, inputs: [slot('audio', [4, 'samples'])] }, /has 4 where the batch should be 1/);
  });

  it('frames that come last, which it says', () =>
    refused(channelsFirst, /'channels' has its frames on the last axis.*"dim", "frames"/, {
      input: { layout: ['batch', 'one', 'time'] },
    }));

  it('inputs that nothing feeds', () =>
    refused(withState, /unknown inputs sr int64 \[\]/, {
      input: { name: 'audio' },
      state: { before: 'total' },
      outputs: [{ name: 'total', layout: ['batch', 'dim'] }],
    }));

  it('several inputs that might be the waveform', () =>
    refused(withState, /has 3 inputs \(audio .*\), and it is unclear which one is the waveform/));

  it.each([
    ['no ONNX', Buffer.from('hello, this is a text'), /is not an ONNX file/],
    ['empty', Buffer.alloc(0), /is not an ONNX file, or contains no graph/],
    [
      'a note of Git LFS',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      /Git LFS/,
    ],
  ])('a file that is %s', async (_, bytes, message) => {
    const folder = join(root, `place-${places++}`);
    await mkdir(folder);
    await writeFile(join(folder, 'bad.onnx'), bytes);
    await expect(loadEncoder(join(folder, 'bad.onnx'))).rejects.toThrow(message);
  });

  it('two files in a folder that no description tells apart', async () => {
    const folder = await folderOf(plain);
    await writeModel(join(folder, 'other.onnx'), plain);
    await expect(loadEncoder(folder)).rejects.toThrow(/contains 2 ONNX files \(other\.onnx, tiny\.onnx\)/);
  });

  it.each([
    [{ sampleRate: 8000 }, /unknown key 'sampleRate'.*Did you mean 'sampleRateHz'/],
    [{ window: { size: 0 } }, /window\.size/],
    [{ window: { size: 4, hopp: 2 } }, /unknown key 'window\.hopp'.*'hop'/],
    [
      { window: { size: 4, hop: 8 } },
      /invalid value for 'window\.hop': expected at most the value of 'size'/,
    ],
    [{ outputs: ['framse'] }, /has no output 'framse'.*'frames'/],
    [
      { frontEnd: { preset: 'wisper' } },
      /invalid value for 'frontEnd\.preset': expected one of .*'whisper'.*, got "wisper"/,
    ],
    [{ normalization: 'peek' }, /normalization/],
    [{ input: { layout: ['batch', 'batch'] } }, /input\.layout.*'time'/],
    [
      { model: '../x.onnx' },
      /encoder\.json: invalid file '\.\.\/x\.onnx': expected a file in the same folder/,
    ],
  ])('a description with %j', async (description, message) => {
    const folder = await folderOf(plain, description);
    await expect(loadEncoder(folder)).rejects.toThrow(message);
  });
});

describe('a first description', () => {
  it('is written beside the file and never over one', async () => {
    const folder = await folderOf(fixedLength);
    const { description, path } = await writeStart(join(folder, 'tiny.onnx'));
    expect(path).toBe(join(folder, 'encoder.json'));
    expect(description).toMatchObject({ model: 'tiny.onnx', window: { size: 16, hop: 16 } });
    expect((await loadEncoder(folder)).dims).toEqual([3]);
    await expect(writeStart(folder)).rejects.toThrow(/encoder\.json: already exists/);
  });

  it('knows masks, lengths, rates and state by name and shape', async () => {
    const start = await writeStart(join(await folderOf(ofFeatures), 'tiny.onnx'));
    expect(start.description).toMatchObject({
      input: { name: 'features', layout: ['batch', 'bins', 'time'] },
      frontEnd: { bins: 2 },
      lengths: 'feature_lengths',
      mask: 'attention_mask',
    });
    expect(start.questions.join()).toMatch(/front end/);
  });

  it('makes float32 of zeros for nothing: a description of a plain file changes nothing', async () => {
    const folder = await folderOf(plain);
    const samples = samplesOf(30);
    const before = await statesOf(await loadEncoder(join(folder, 'tiny.onnx')), samples);
    await writeStart(folder);
    const after = await statesOf(await loadEncoder(folder), samples);
    expect(after.map(({ shape, data }) => float32(shape, data))).toEqual(before);
  });
});
