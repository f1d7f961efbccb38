/** @file From a manifest to a folder of hidden states. */

import { UserError } from '../../base/errors.js';
import { audioKeys, loadUtterances } from '../../data/manifest.js';
import { loadEncoder } from '../../encoders/load.js';
import { type FolderResult, writeFeatureFolder } from '../../features/folder.js';
import type { FolderFormat } from '../../features/folder-index.js';
import { remarksOn } from '../encoder-options.js';
import { chosenEngine } from '../engine.js';
import { type EncoderRequest, wantedLayers } from './write.js';

export interface ManifestFeaturesRequest extends EncoderRequest {
  readonly manifest: string;
  readonly root?: string | undefined;
  /** The splits wanted (default: all). */
  readonly splits?: readonly string[] | undefined;
  readonly format: FolderFormat;
  /** The share of utterances whose audio may be unusable. */
  readonly maxBadShare: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ManifestFeatures extends FolderResult {
  readonly folder: string;
  readonly encoder: { readonly name: string; readonly family: string; readonly hash: string };
  readonly utterances: number;
  readonly layers: readonly { readonly name: string; readonly dim: number }[];
}

/**
 * Writes the hidden states of every utterance into a folder, those that are not there yet.
 * @throws UserError as `loadUtterances` and `writeFeatureFolder`
 */
export async function writeManifestFeatures(request: ManifestFeaturesRequest): Promise<ManifestFeatures> {
  const { spec, seed, manifest, root, splits, out, format, maxBadShare, quiet = false, signal } = request;
  // What is missing counts as bad audio: it is named when its turn comes.
  const utterances = await loadUtterances(manifest, { root, ...(splits && { splits }), mostMissing: 1 });
  if (utterances.length === 0) throw new UserError('no utterances', { file: manifest });
  const encoder = await loadEncoder(spec, seed, request);
  for (const text of remarksOn(encoder)) request.remark?.(text);
  const layers = wantedLayers(encoder, request.layers);
  const engine = await chosenEngine(request.engine, request.remark);
  const result = await writeFeatureFolder({
    ...{ engine, encoder, utterances, layers, format, quiet, signal },
    audioKeys: await audioKeys(utterances),
    folder: out,
    mostBad: maxBadShare,
  });
  return {
    folder: out,
    encoder: { name: encoder.name, family: encoder.family, hash: encoder.hash },
    utterances: utterances.length,
    layers: layers.map((layer) => ({ name: `hidden.${layer}`, dim: encoder.dims[layer] as number })),
    ...result,
  };
}
