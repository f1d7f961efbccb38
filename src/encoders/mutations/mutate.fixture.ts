/** @file Damaged and hostile checkpoints: seeded changes of good ones, as accidents and attackers make them. */
import { randomStream } from '../../base/random.js';
import {
  type Change,
  duplicate,
  flipBits,
  flipHead,
  inflate,
  overwrite,
  pick,
  truncate,
} from './bytes.fixture.js';
import { jsonDepth, jsonValue, safetensorsHeader } from './headers.fixture.js';
import { onnxContents } from './onnx-files.fixture.js';
import { legacyContents, zipContents } from './torch-files.fixture.js';

/** Files of a checkpoint by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

export interface Mutant {
  /** What was done, for a failure's message. */
  readonly what: string;
  readonly files: Files;
}

const anyFile: readonly Change[] = [truncate, flipBits, flipHead, overwrite, inflate, duplicate];

/** What may be done to a file, by what it is. */
function changesOf(name: string, bytes: Uint8Array): readonly Change[] {
  if (name.endsWith('.json')) return [...anyFile, ...Array(8).fill(jsonValue), jsonDepth];
  if (name.endsWith('.safetensors')) return [...anyFile, ...Array(6).fill(safetensorsHeader)];
  if (name.endsWith('.onnx')) return [...anyFile, ...Array(12).fill(onnxContents)];
  if (/\.(weights|txt)$/.test(name)) return anyFile;
  const isZip = bytes[0] === 0x50;
  return [...anyFile, ...Array(6).fill(isZip ? zipContents : legacyContents)];
}

/** Mutant number `i` of a checkpoint: one file changed, or gone; the same number gives the same mutant. */
export function mutant(checkpoint: Files, seed: number, i: number): Mutant {
  const random = randomStream(seed, 'mutant', i);
  const name = pick(random, [...checkpoint.keys()]);
  const bytes = checkpoint.get(name) as Uint8Array;
  const files = new Map(checkpoint);
  if (random.integer(64) === 0) {
    files.delete(name);
    return { what: `${i}: ${name} gone`, files };
  }
  const change = pick(random, changesOf(name, bytes));
  files.set(name, change(bytes, random));
  return { what: `${i}: ${change.name} of ${name}`, files };
}
