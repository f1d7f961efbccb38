/** @file ONNX files of others by the session of a device, beside that of the package's binding; the host stands for the device. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { messageOf } from '../../base/errors.js';
import { float32, type HostTensor } from '../../base/host-tensor.js';
import { hostAccelerator } from '../../engine/device/accelerator.js';
import type { GraphFile } from '../../engine/engine.js';
import { openGraphFile, openGraphOnDevice } from '../../engine/graph-file.js';
import { npmOrt } from '../../engine/ort/library.js';
import {
  channelsFirst,
  fixedLength,
  type MadeUp,
  node,
  ofFeatures,
  plain,
  slot,
  withState,
  writeModel,
} from './made-up.fixture.js';

const { DataType } = onnxProto.onnx.TensorProto;
const library = npmOrt();
const onDevice = it.skipIf(library === undefined);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-onnx-device-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const places: Readonly<Record<string, (file: string) => Promise<GraphFile>>> = {
  processor: (file) => openGraphFile(file, 1),
  device: (file) => openGraphOnDevice(hostAccelerator(library as NonNullable<typeof library>), file, 1),
};

/** Both places' answers. */
const onBoth = async <T>(ask: (open: (file: string) => Promise<GraphFile>) => Promise<T>) => {
  const answers = await Promise.all(Object.values(places).map(ask));
  return answers as [T, T];
};

/** y = x in every type that values can be given to, as float32. */
const typed: MadeUp = {
  inputs: [
    slot('a', [1, 'n']),
    slot('b', [1, 'n'], DataType.DOUBLE),
    slot('c', [1, 'n'], DataType.INT64),
    slot('d', [1, 'n'], DataType.INT32),
    slot('e', [1, 'n'], DataType.BOOL),
  ],
  nodes: ['a', 'b', 'c', 'd', 'e'].map((name) =>
    node('Cast', [name], [`${name}y`], [{ name: 'to', type: 2, i: DataType.FLOAT }]),
  ),
  outputs: ['a', 'b', 'c', 'd', 'e'].map((name) => slot(`${name}y`, [1, 'n'])),
};

onDevice('inputs and outputs have the same names, types and shapes', async () => {
  for (const [name, model] of Object.entries({
    plain,
    channelsFirst,
    fixedLength,
    ofFeatures,
    withState,
    typed,
  })) {
    const file = await writeModel(join(folder, `${name}.onnx`), model);
    const [processor, device] = await onBoth(async (open) => {
      const { inputs, outputs, close } = await open(file);
      await close();
      return { inputs, outputs };
    });
    expect(device, name).toEqual(processor);
    expect(device.inputs.length, name).toBeGreaterThan(0);
  }
});

onDevice('values of every type arrive, and any outputs may be wanted', async () => {
  const file = await writeModel(join(folder, 'values.onnx'), typed);
  const values = float32([1, 3], [0, 1, 7]);
  const given = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, values]));
  const run = async (open: (path: string) => Promise<GraphFile>): Promise<HostTensor[]> => {
    const graph = await open(file);
    const outputs = await graph.run(given, ['ey', 'ay', 'cy', 'by', 'dy']);
    await graph.close();
    return outputs;
  };
  const [processor, device] = await onBoth(run);
  expect(device).toEqual(processor);
  expect(device.map(({ data }) => [...data])).toEqual([[0, 1, 1], ...Array(4).fill([0, 1, 7])]);
});

onDevice('what cannot be opened or run is the same line', async () => {
  const unknown = await writeModel(join(folder, 'unknown.onnx'), {
    ...plain,
    nodes: [...plain.nodes.slice(0, -1), { ...plain.nodes.at(-1), opType: 'Mine', domain: 'of.mine' }],
    domains: ['of.mine'],
  } as MadeUp);
  const damaged = join(folder, 'damaged.onnx');
  await writeFile(damaged, 'no model');
  const good = await writeModel(join(folder, 'good.onnx'), plain);
  const told = (work: Promise<unknown>): Promise<string> => work.then(() => 'works', messageOf);
  for (const ask of [
    (open: (file: string) => Promise<GraphFile>) => open(unknown),
    (open: (file: string) => Promise<GraphFile>) => open(damaged),
    (open: (file: string) => Promise<GraphFile>) => open(join(folder, 'nowhere.onnx')),
    async (open: (file: string) => Promise<GraphFile>) => (await open(good)).run({}, ['none']),
  ]) {
    const [processor, device] = await onBoth((open) => told(ask(open)));
    expect(device).toBe(processor);
    expect(device).not.toBe('works');
  }
  const [, wrong] = await onBoth((open) =>
    told(
      open(good).then((graph) => {
        const [[input], [output]] = [graph.inputs, graph.outputs];
        return graph.run({ [input?.name ?? '']: float32([2], [1, 2]) }, [output?.name ?? '']);
      }),
    ),
  );
  expect(wrong).toMatch(/good\.onnx: ONNX Runtime cannot run it \(/);
});
