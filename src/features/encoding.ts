/** @file From utterances to features: one after the other, the next one's audio read meanwhile. */

import { UserError } from '../base/errors.js';
import { floatsOf } from '../base/host-tensor.js';
import { longestUtteranceSeconds, readUtterance } from '../data/audio.js';
import type { Utterance } from '../data/rows.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine } from '../engine/engine.js';
import { extractHiddenStates, extractPooled } from './extract.js';
import type { UtteranceFeatures } from './shards.js';

/** `pooled`: the mean over time of every layer. `frames`: every frame of every layer. */
export type FeatureKind = 'pooled' | 'frames';

interface Encoding {
  /** [layers, rows, dim] */
  readonly values: Float32Array;
  readonly rows: number;
  readonly encoderFrames: number;
}

export type EncodeOne = ((samples: Float32Array) => Promise<Encoding>) & { dispose(): Promise<void> };

export function encoderOf(engine: Engine, encoder: Encoder, kind: FeatureKind): EncodeOne {
  if (kind === 'pooled') {
    const extract = extractPooled(engine, encoder);
    const encode = async (samples: Float32Array): Promise<Encoding> => {
      const { means, frames } = await extract(samples);
      return { values: floatsOf(means), rows: 1, encoderFrames: frames };
    };
    return Object.assign(encode, { dispose: extract.dispose });
  }
  const extract = extractHiddenStates(engine, encoder);
  const encode = async (samples: Float32Array): Promise<Encoding> => {
    const states = (await extract(samples)).map(floatsOf);
    const rows = (states[0]?.length ?? 0) / (encoder.dims[0] ?? 1);
    const values = new Float32Array(states.reduce((sum, state) => sum + state.length, 0));
    let offset = 0;
    for (const state of states) {
      values.set(state, offset);
      offset += state.length;
    }
    return { values, rows, encoderFrames: rows };
  };
  return Object.assign(encode, { dispose: extract.dispose });
}

/** Encodes the utterances of a shard. */
export async function encodeAll(
  utterances: readonly Utterance[],
  work: {
    readonly encode: EncodeOne;
    /** Told how many of them are done. */
    readonly onProgress: (done: number) => void;
    /** Told of audio that cannot be used; it may throw. */
    readonly onBad: (error: UserError) => void;
  },
): Promise<{ features: UtteranceFeatures[]; encoderFrames: number; seconds: number }> {
  const { encode, onProgress, onBad } = work;
  const started = performance.now();
  const features: UtteranceFeatures[] = [];
  let encoderFrames = 0;
  let done = 0;
  for await (const { utterance, samples } of decodedAhead(utterances)) {
    onProgress(++done);
    if (samples instanceof Error) {
      onBad(samples);
      features.push({ id: utterance.id, rows: 0, values: new Float32Array(), bad: samples.message });
      continue;
    }
    const { values, rows, encoderFrames: frames } = await encode(samples);
    encoderFrames += frames;
    features.push({ id: utterance.id, rows, values });
  }
  return { features, encoderFrames, seconds: (performance.now() - started) / 1000 };
}

/** What became of an utterance's audio: its samples, or why there are none. */
export interface Decoded {
  readonly utterance: Utterance;
  readonly samples: Float32Array | UserError;
}

/** The audio of utterances in turn, the next one's read while this one's is used. */
export async function* decodedAhead(utterances: readonly Utterance[]): AsyncGenerator<Decoded> {
  let next = utterances[0] && samplesOrError(utterances[0]);
  for (const [i, utterance] of utterances.entries()) {
    const samples = await next;
    const following = utterances[i + 1];
    next = following && samplesOrError(following);
    if (samples === undefined) throw new Error(`utterance '${utterance.id}' was not read`);
    if (samples instanceof Error && !(samples instanceof UserError)) throw samples;
    yield { utterance, samples };
  }
}

/** The samples, or what went wrong: it matters when the utterance's turn comes. */
async function samplesOrError(utterance: Utterance): Promise<Float32Array | Error> {
  return readUtterance(utterance, longestUtteranceSeconds).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
}
