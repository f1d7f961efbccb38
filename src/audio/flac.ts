/** @file FLAC files, decoded by the reference decoder compiled to WebAssembly. */
import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { messageOf, UserError } from '../errors.js';
import { monoOf } from './mono.js';
import {
  type AudioHeader,
  type AudioSpan,
  type ByteSource,
  damagedFile,
  framesOfSpan,
  type MonoAudio,
} from './source.js';

/** Decodes a span of a FLAC file. */
export async function readFlac(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const stated = await streamInfo(source);
  // Before the work: a span that cannot be, or is too long.
  if (stated.frames !== undefined) framesOfSpan(span, stated.frames, stated.sampleRateHz, file);
  const bytes = await source.read(0, source.bytes);
  // The decoder keeps the state of one file: each call has its own, so that calls may overlap.
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    const { channelData, samplesDecoded, sampleRate, bitDepth, errors } = await decoder.decodeFile(bytes);
    if (errors.length > 0 || samplesDecoded === 0 || samplesDecoded < (stated.frames ?? 0)) {
      const reason =
        errors[0]?.message ?? `${samplesDecoded} of ${stated.frames ?? 'its'} samples could be decoded`;
      throw damagedFile('FLAC', file, reason);
    }
    const range = framesOfSpan(span, samplesDecoded, sampleRate, file);
    for (const channel of channelData) exactSamples(channel, bitDepth);
    return { samples: monoOf(channelData, range, span.channel, file), sampleRateHz: sampleRate };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('FLAC', file, messageOf(error), error);
  } finally {
    decoder.free();
  }
}

/** What STREAMINFO, always the first block, says. */
export async function streamInfo(source: ByteSource): Promise<AudioHeader> {
  const bytes = await source.read(0, 26);
  if (bytes.length < 26) throw damagedFile('FLAC', source.file, 'it ends in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed = view.getUint32(18);
  const frames = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
  // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples (0: not known).
  return {
    sampleRateHz: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    frames: frames === 0 ? undefined : frames,
  };
}

/** The decoder divides by 2^(bits-1) - 1; dividing by 2^(bits-1) gives the samples that the same WAV file gives. */
function exactSamples(samples: Float32Array, bits: number): void {
  const full = 2 ** (bits - 1);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round((samples[i] as number) * (full - 1)) / full;
  }
}
