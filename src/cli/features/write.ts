/** @file From an audio file to a file of hidden states. */
import { readAudio, sampleRateHz } from '../../audio/index.js';
import { type LoadOptions, loadEncoder } from '../../encoders/load.js';
import { createEngine } from '../../engine/create.js';
import type { EngineName, ProviderName } from '../../engine/engine.js';
import { extractHiddenStates } from '../../features/extract.js';
import { writeSafetensors } from '../../formats/safetensors.js';
import { remarksOn } from '../encoder-options.js';

export interface FeaturesRequest extends LoadOptions {
  readonly spec: string;
  readonly audio: string;
  readonly out: string;
  readonly seed: number;
  /** Told what is to be known of how the encoder was read. */
  readonly remark?: (text: string) => void;
  readonly engine: { readonly name: EngineName; readonly provider: ProviderName; readonly threads?: number };
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
  const samples = await readAudio(audio);
  const { name, ...rest } = settings;
  const extract = extractHiddenStates(await createEngine(name, rest), encoder);
  const states = await extract(samples);
  await extract.dispose();
  const layers = states.map((state, i) => [`hidden.${i}`, state] as const);
  await writeSafetensors(out, Object.fromEntries(layers), {
    encoder: encoder.name,
    encoderHash: encoder.hash,
    hopSeconds: String(encoder.hopSamples / sampleRateHz),
  });
  return {
    file: out,
    encoder: { name: encoder.name, family: encoder.family, hash: encoder.hash },
    seconds: samples.length / sampleRateHz,
    layers: layers.map(([layer, { shape }]) => ({ name: layer, shape })),
  };
}
