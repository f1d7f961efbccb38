/** @file From an audio file to a file of hidden states. */

import { readAudio, sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import type { HostTensor } from '../../base/host-tensor.js';
import type { Encoder } from '../../encoders/encoder.js';
import { type LoadOptions, loadEncoder } from '../../encoders/load.js';
import type { EngineChoice } from '../../engine/choice.js';
import { extractHiddenStates } from '../../features/extract.js';
import { metadataOf, named } from '../../features/folder.js';
import { writeSafetensors } from '../../formats/safetensors.js';
import { remarksOn } from '../encoder-options.js';
import { chosenEngine } from '../engine.js';

/** What is asked of an encoder. */
export interface EncoderRequest extends LoadOptions {
  readonly spec: string;
  readonly out: string;
  readonly seed: number;
  /** The hidden states wanted (default: all). */
  readonly layers?: readonly number[] | undefined;
  /** Told what is to be known of how the encoder was read. */
  readonly remark?: (text: string) => void;
  readonly engine: EngineChoice;
}

export interface FeaturesRequest extends EncoderRequest {
  readonly audio: string;
}

export interface WrittenFeatures {
  readonly file: string;
  readonly encoder: { readonly name: string; readonly family: string; readonly hash: string };
  readonly seconds: number;
  /** `hidden.0` is the input of the first block, the last one the output of the last block; [frames, dim]. */
  readonly layers: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** Writes `hidden.0` to `hidden.L`, float32 [frames, dim], with where they come from in the file's metadata. */
export async function writeFeatures(request: FeaturesRequest): Promise<WrittenFeatures> {
  const { spec, audio, out, seed, engine: settings } = request;
  const encoder = await loadEncoder(spec, seed, request);
  for (const text of remarksOn(encoder)) request.remark?.(text);
  const wanted = wantedLayers(encoder, request.layers);
  const samples = await readAudio(audio);
  const extract = extractHiddenStates(await chosenEngine(settings, request.remark), encoder);
  const states = await extract(samples);
  await extract.dispose();
  const layers = wanted.map((layer) => [layer, states[layer] as HostTensor] as const);
  await writeSafetensors(out, named(layers), metadataOf(encoder));
  return {
    file: out,
    encoder: { name: encoder.name, family: encoder.family, hash: encoder.hash },
    seconds: samples.length / sampleRateHz,
    layers: layers.map(([layer, { shape }]) => ({ name: `hidden.${layer}`, shape })),
  };
}

/** The layers that are wanted, ascending. @throws UserError for one that the encoder does not have */
export function wantedLayers({ name, dims }: Encoder, layers?: readonly number[]): readonly number[] {
  const last = dims.length - 1;
  const beyond = layers?.find((layer) => layer > last);
  if (beyond !== undefined) {
    throw new UserError(`${name} has no layer ${beyond}`, {
      hint: last === 0 ? 'Its only layer is 0' : `Its layers are 0 to ${last}`,
    });
  }
  return layers === undefined ? [...dims.keys()] : [...layers].sort((a, b) => a - b);
}
