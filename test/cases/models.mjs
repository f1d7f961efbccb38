/** @file Model folders of the cases, made from those of the tests' fixtures. */
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from './program.mjs';
import { floatWav } from './sounds.mjs';

/** A model folder of the fixtures. */
export const model = (name) => fileURLToPath(new URL(`../fixtures/huggingface/${name}`, import.meta.url));

async function tensorsOf(file) {
  const { readSafetensors } = await load('formats/safetensors.js');
  return (await readSafetensors(file)).tensors;
}

/** `model` with other names, more tensors or other settings; `in.wav`, its input, and `expected.safetensors`, its states. */
export async function writeChangedModel(folder, name, changeTensors, settings = {}) {
  const { writeSafetensors } = await load('formats/safetensors.js');
  const place = join(folder, 'model');
  await mkdir(place);
  const config = JSON.parse(await readFile(join(model(name), 'config.json'), 'utf8'));
  await writeFile(join(place, 'config.json'), JSON.stringify({ ...config, ...settings }));
  await cp(join(model(name), 'preprocessor_config.json'), join(place, 'preprocessor_config.json'));
  const tensors = changeTensors(await tensorsOf(join(model(name), 'model.safetensors')));
  await writeSafetensors(join(place, 'model.safetensors'), tensors, { format: 'pt' });
  const { input } = await tensorsOf(join(model(name), 'input.safetensors'));
  await writeFile(join(folder, 'in.wav'), floatWav(input.data));
  await cp(join(model(name), 'hidden_states.safetensors'), join(folder, 'expected.safetensors'));
}

export const prefixed = (prefix, tensors) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));

export const vector = (values) => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

/** `model` with eight bytes a number, which our own writer has no use for. */
export async function writeFloat64Model(folder, name) {
  const place = join(folder, 'model');
  await cp(model(name), place, { recursive: true });
  const file = join(place, 'model.safetensors');
  let offset = 0;
  const header = {};
  const parts = [];
  for (const [tensor, { shape, data }] of Object.entries(await tensorsOf(file))) {
    const bytes = Buffer.from(Float64Array.from(data).buffer);
    header[tensor] = { dtype: 'F64', shape: [...shape], data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const text = JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(file, Buffer.concat([length, Buffer.from(text), ...parts]));
}

/** `model` whose torch file is a shard behind an index. */
export async function writeShardedModel(folder, name) {
  const { storedWeights } = await load('encoders/huggingface/stored.js');
  const place = join(folder, 'model');
  await cp(model(name), place, { recursive: true });
  const { names } = await storedWeights(place);
  const shard = 'pytorch_model-00001-of-00001.bin';
  await rename(join(place, 'pytorch_model.bin'), join(place, shard));
  const index = { metadata: {}, weight_map: Object.fromEntries(names.map((each) => [each, shard])) };
  await writeFile(join(place, 'pytorch_model.bin.index.json'), JSON.stringify(index));
}
