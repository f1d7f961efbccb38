/** @file FLAC files, decoded by the reference decoder compiled to WebAssembly. */
import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { messageOf, UserError } from '../errors.js';
import { type AudioSpan, type ByteSource, framesOfSpan, type MonoAudio } from './source.js';

/** Decodes a span of a FLAC file; its channels are averaged. */
export async function readFlac(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const bytes = await source.read(0, source.bytes);
  const promised = sampleCountOf(bytes);
  // The decoder keeps the state of one file: each call has its own, so that calls may overlap.
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    const { channelData, samplesDecoded, sampleRate, bitDepth, errors } = await decoder.decodeFile(bytes);
    if (errors.length > 0 || samplesDecoded === 0 || samplesDecoded < promised) {
      const reason =
        errors[0]?.message ?? `${samplesDecoded} of ${promised || 'its'} samples could be decoded`;
      throw damaged(file, reason);
    }
    const { first, count } = framesOfSpan(span, samplesDecoded, sampleRate, file);
    return { samples: monoOf(channelData, first, count, bitDepth), sampleRateHz: sampleRate };
  } catch (error) {
    throw error instanceof UserError ? error : damaged(file, messageOf(error), error);
  } finally {
    decoder.free();
  }
}

/** The number of samples a channel that STREAMINFO (always the first block) states; 0 when it does not know. */
function sampleCountOf(bytes: Uint8Array): number {
  if (bytes.length < 26) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
}

/** The decoder divides by 2^(bits-1) - 1; dividing by 2^(bits-1) gives the samples that the same WAV file gives. */
function monoOf(channels: readonly Float32Array[], first: number, count: number, bits: number): Float32Array {
  const full = 2 ** (bits - 1);
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (const channel of channels) sum += Math.round((channel[first + i] as number) * (full - 1));
    samples[i] = sum / (full * channels.length);
  }
  return samples;
}

function damaged(file: string, how: string, cause?: unknown): UserError {
  return new UserError(`the FLAC file is truncated or damaged: ${how}`, {
    file,
    mend: 'Get it anew, or take it out of the manifest',
    cause,
  });
}
