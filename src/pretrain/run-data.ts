/** @file The data of a pre-training run: kept with its settings, so that the run goes on with no other. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { z } from 'zod';
import { audioDigest, type Utterance } from '../data/manifest.js';

export const runDataSchema = z.object({
  /** The manifest's name and the split, for people. */
  manifest: z.string(),
  split: z.string(),
  utterances: z.int().positive(),
  /** SHA-256 over the ids, in their order. */
  ids: z.hash('sha256'),
  /** `audioDigest`: what decides the crops, wherever the files lie. */
  audio: z.hash('sha256'),
});

export type RunData = Readonly<z.infer<typeof runDataSchema>>;

/** What tells these utterances from others. Reads a few bytes of every file. */
export async function runDataOf(utterances: readonly Utterance[]): Promise<RunData> {
  const [first] = utterances;
  const ids = createHash('sha256');
  for (const { id } of utterances) ids.update(`${JSON.stringify(id)}\n`);
  return {
    manifest: basename(first?.manifest ?? ''),
    split: first?.split ?? '',
    utterances: utterances.length,
    ids: ids.digest('hex'),
    audio: await audioDigest(utterances),
  };
}

/** How the data at hand differs from that which a run began with; undefined where it is the same, wherever it lies. */
export function dataDifference(begun: RunData, now: RunData): string | undefined {
  const sameIds = begun.ids === now.ids;
  if (sameIds && begun.audio === now.audio) return undefined;
  const then = `it was started with ${placeText(begun)}`;
  if (begun.utterances !== now.utterances) return `${then}, not with ${placeText(now)}`;
  if (sameIds)
    return `${then}; ${now.manifest} has the same ids, but different audio, start, duration or channel`;
  return begun.audio === now.audio
    ? `${then}; ${now.manifest} has the same audio with different ids`
    : `${then}; ${now.manifest} has as many, but different ones or in a different order`;
}

const placeText = ({ utterances, split, manifest }: RunData): string =>
  `${utterances} utterance${utterances === 1 ? '' : 's'} of '${split}' in ${manifest}`;
