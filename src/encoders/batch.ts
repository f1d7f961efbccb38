/** @file Utterances of different lengths as one batch, the way an encoder wants it. */

import { normalizeWaveform } from '../audio/index.js';
import { float32, type HostTensor, int32 } from '../base/host-tensor.js';
import type { Encoder } from './encoder.js';

/** What `Encoder.forward` is given of a batch, on the host. */
export type WaveformBatch = {
  /** [batch, samples], zeros behind a row's end. */
  readonly waveform: HostTensor;
  /** int32 [batch], samples of each row. */
  readonly lengths: HostTensor;
};

type EncoderWaveform = Pick<Encoder, 'normalizesWaveform' | 'waveformEpsilon' | 'minimumSamples'>;

/**
 * A batch of 16 kHz samples, as read: each utterance is normalised by its own samples where the encoder asks for that,
 * and one too short for a frame is filled up with zeros to `minimumSamples`, which are then its own.
 * @param room the least size of the batch, whose further rows hold silence, all of it their own, and the least samples of a row
 */
export function waveformBatch(
  encoder: EncoderWaveform,
  utterances: readonly Float32Array[],
  room: { readonly size: number; readonly samples: number } = { size: 0, samples: 0 },
): WaveformBatch {
  const rows = utterances.map((samples) =>
    encoder.normalizesWaveform ? normalizeWaveform(samples, encoder.waveformEpsilon) : samples,
  );
  const size = Math.max(rows.length, room.size);
  const lengths = Array.from({ length: size }, (_, i) =>
    Math.max(rows[i]?.length ?? room.samples, encoder.minimumSamples),
  );
  const longest = Math.max(room.samples, ...lengths);
  const waveform = new Float32Array(size * longest);
  for (const [i, row] of rows.entries()) waveform.set(row, i * longest);
  return { waveform: float32([size, longest], waveform), lengths: int32([size], lengths) };
}

/** Frames of so many samples: of a row's own hidden states. */
export function frameCount(
  { minimumSamples, hopSamples }: Pick<Encoder, 'minimumSamples' | 'hopSamples'>,
  samples: number,
): number {
  return Math.floor((samples - minimumSamples) / hopSamples) + 1;
}
