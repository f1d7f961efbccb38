/** @file MP3 files, decoded by mpg123 compiled to WebAssembly; an encoder's delay and padding are taken away. */
import { messageOf, UserError } from '../errors.js';
import { monoOf } from './mono.js';
import { type AudioSpan, type ByteSource, damagedFile, framesOfSpan, type MonoAudio } from './source.js';

/** Decodes a span of an MP3 file. */
export async function readMp3(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const bytes = await source.read(0, source.bytes);
  const { MPEGDecoder } = await import('mpg123-decoder');
  const decoder = new MPEGDecoder();
  try {
    await decoder.ready;
    const { channelData, samplesDecoded, sampleRate, errors } = decoder.decode(bytes);
    if (errors.length > 0 || samplesDecoded === 0) {
      throw damagedFile('MP3', file, errors[0]?.message ?? 'none of its samples could be decoded');
    }
    const range = framesOfSpan(span, samplesDecoded, sampleRate, file);
    return { samples: monoOf(channelData, range, span.channel, file), sampleRateHz: sampleRate };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('MP3', file, messageOf(error), error);
  } finally {
    decoder.free();
  }
}
