/** @file The values of the released code that tests compare with, and how far ours are from them. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { floatsOf, type HostTensor } from '../base/host-tensor.js';
import { readSafetensors } from '../formats/safetensors.js';

/** The fixture made by the released code; the only one that is sure to have every kind of entry. */
export const official = 'test/fixtures/ehmam-official';

/** Folders of one layout; no test depends on their sizes. */
export const referenceFolders: readonly string[] =
  process.env.EHMAM_FIXTURE === undefined
    ? [official, 'test/fixtures/ehmam-12-heads']
    : [process.env.EHMAM_FIXTURE];

export type Reference = Readonly<Record<string, HostTensor>>;

export const readReference = async (folder: string): Promise<Reference> =>
  (await readSafetensors(join(folder, 'reference.safetensors'))).tensors;

/** The entry of that name. */
export function entry(reference: Reference, name: string): HostTensor {
  const found = reference[name];
  if (found === undefined) throw new Error(`the reference lacks ${name}`);
  return found;
}

/** Names under a prefix, without it. */
export const namesUnder = (reference: Reference, prefix: string): string[] =>
  Object.keys(reference).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));

/** Largest absolute difference. */
export function apart(actual: HostTensor | undefined, expected: HostTensor): number {
  if (actual === undefined) throw new Error('a tensor is missing');
  const [x, y] = [floatsOf(actual), floatsOf(expected)];
  expect(x.length).toBe(y.length);
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] as number))), 0);
}

/**
 * Largest difference relative to the largest expected element. Some gradients are zero by their nature (a bias that all
 * predicted losses share) and their rounding alone: an element below a hundredth counts as a hundredth.
 */
export function relative(actual: HostTensor | undefined, expected: HostTensor): number {
  const largest = floatsOf(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0.01);
  return apart(actual, expected) / largest;
}
