/** @file The weights of a Hugging Face folder, in whichever files they lie: one, shards, or torch's pickle. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import type { HostParameters } from '../../base/host-tensor.js';
import { checked } from '../../base/validation.js';
import { readJsonSource } from '../../formats/json-file.js';
import { readSafetensors, safetensorsNames } from '../../formats/safetensors.js';
import { withTorchFile } from '../../formats/torch/file.js';
import { isFloating, isTorchTensor, type TorchTensor } from '../../formats/torch/tensor.js';

export const singleFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';
export const torchFile = 'pytorch_model.bin';
export const torchIndexFile = 'pytorch_model.bin.index.json';

/** Names of the shards that an index may name, by the index. */
const shardPatterns: Readonly<Record<string, RegExp>> = {
  [indexFile]: /^[^/\\\0]+\.safetensors$/,
  [torchIndexFile]: /^[^/\\\0]+\.bin$/,
};

/** Weights by name; values are read when asked for. */
export interface StoredWeights {
  readonly format: string;
  readonly files: readonly string[];
  readonly names: readonly string[];
  /** @throws UserError when a file is damaged */
  read(wanted: ReadonlySet<string>): Promise<HostParameters>;
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Finds the weights: safetensors before shards before torch's.
 * @throws UserError when there are none, and for files that are damaged or lie outside the folder
 */
export async function storedWeights(folder: string): Promise<StoredWeights> {
  const there = new Set(await readdir(folder));
  if (there.has(singleFile)) return inOneFile(join(folder, singleFile));
  if (there.has(indexFile)) return inShards(folder, indexFile);
  if (there.has(torchFile)) return inTorchFile(join(folder, torchFile));
  if (there.has(torchIndexFile)) return inShards(folder, torchIndexFile);
  throw new UserError('contains no supported weights file', {
    file: folder,
    hint: `Expected ${singleFile}, ${torchFile}, or shards with ${indexFile} or ${torchIndexFile}`,
  });
}

async function inOneFile(file: string): Promise<StoredWeights> {
  return {
    format: 'Hugging Face folder (safetensors)',
    files: [file],
    names: await safetensorsNames(file),
    read: async (wanted) => (await readSafetensors(file, (name) => wanted.has(name))).tensors,
  };
}

/** Parameters and the shards they lie in. */
async function readIndex(folder: string, name: string): Promise<Map<string, string>> {
  const index = join(folder, name);
  const hint = 'Copy the whole model again';
  const { weight_map: map } = checked(indexSchema, await readJsonSource(index, hint), { hint });
  const places = new Map(Object.entries(map));
  for (const shard of new Set(places.values())) {
    if (shardPatterns[name]?.test(shard)) continue;
    const kind = name === indexFile ? 'safetensors' : 'torch';
    throw new UserError(`invalid shard '${shard}': expected a ${kind} file in the same folder`, {
      file: index,
      hint: 'Do not trust this model: all its files must be in its folder',
    });
  }
  return places;
}

/**
 * The files that an index of shards names.
 * @throws UserError for an index that cannot be read, or names a file elsewhere
 */
export async function shardsOf(folder: string, index: string): Promise<string[]> {
  return [...new Set((await readIndex(folder, index)).values())].sort();
}

async function inShards(folder: string, indexName: string): Promise<StoredWeights> {
  const places = await readIndex(folder, indexName);
  const shards = [...new Set(places.values())].sort();
  const isTorch = indexName === torchIndexFile;
  const readShard = async (shard: string, own: ReadonlySet<string>): Promise<HostParameters> => {
    const file = join(folder, shard);
    if (isTorch) return (await inTorchFile(file)).read(own);
    return (await readSafetensors(file, (name) => own.has(name))).tensors;
  };
  return {
    format: `Hugging Face folder (${shards.length} shards${isTorch ? " of torch's pickle" : ''})`,
    files: [join(folder, indexName), ...shards.map((shard) => join(folder, shard))],
    names: [...places.keys()],
    read: async (wanted) => {
      const tensors: [string, HostParameters[string]][] = [];
      for (const shard of shards) {
        const own = [...wanted].filter((name) => places.get(name) === shard);
        tensors.push(...Object.entries(await readShard(shard, new Set(own))));
      }
      return Object.fromEntries(tensors);
    },
  };
}

/** A state dictionary; tensors that are no floating point numbers are counters of the training. */
async function inTorchFile(file: string): Promise<StoredWeights> {
  const parameters = (root: unknown): Map<string, TorchTensor> => {
    const found = new Map<string, TorchTensor>();
    if (!(root instanceof Map)) {
      throw new UserError('is a torch file, but not a state_dict', {
        file,
        hint: 'Save the state_dict of the model',
      });
    }
    for (const [name, value] of root as Map<unknown, unknown>)
      if (isTorchTensor(value) && isFloating(value)) found.set(String(name), value);
    return found;
  };
  return {
    format: "Hugging Face folder (torch's pickle)",
    files: [file],
    names: await withTorchFile(file, async ({ root }) => [...parameters(root).keys()]),
    read: (wanted) =>
      withTorchFile(file, ({ root, readAll }) =>
        readAll(new Map([...parameters(root)].filter(([name]) => wanted.has(name)))),
      ),
  };
}
