/** @file Ogg files: Vorbis and Opus, decoded by the reference decoders compiled to WebAssembly. */
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

/** What every Opus stream is decoded to. */
const opusRateHz = 48000;

interface Stream extends AudioHeader {
  readonly codec: 'Vorbis' | 'Opus';
  readonly frames: number;
}

/** Decodes a span of an Ogg file with one Vorbis or Opus stream. */
export async function readOgg(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const stream = await readStream(source);
  framesOfSpan(span, stream.frames, stream.sampleRateHz, file);
  const bytes = await source.read(0, source.bytes);
  const decoder = await decoderOf(stream.codec);
  try {
    await decoder.ready;
    const { channelData, samplesDecoded, sampleRate, errors } = await decoder.decodeFile(bytes);
    if (errors.length > 0 || samplesDecoded < stream.frames) {
      const reason = errors[0]?.message ?? `${samplesDecoded} of ${stream.frames} samples could be decoded`;
      throw damagedFile('Ogg', file, reason);
    }
    const range = framesOfSpan(span, stream.frames, sampleRate, file);
    return { samples: monoOf(channelData, range, span.channel, file), sampleRateHz: sampleRate };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('Ogg', file, messageOf(error), error);
  } finally {
    decoder.free();
  }
}

/** What an Ogg file's first and last page say. */
export const oggHeader: (source: ByteSource) => Promise<AudioHeader> = readStream;

// Loaded where needed: each brings its WebAssembly along.
async function decoderOf(codec: Stream['codec']) {
  if (codec === 'Opus') return new (await import('ogg-opus-decoder')).OggOpusDecoder();
  return new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder();
}

/** A page is at most 27 + 255 + 255 * 255 bytes long. */
const longestPage = 65307;

async function readStream(source: ByteSource): Promise<Stream> {
  const { file } = source;
  const first = await source.read(0, 128);
  const page = viewOf(first);
  const data = 27 + (first[26] ?? 0);
  const name = String.fromCharCode(...first.subarray(data, data + 8));
  const last = await lastPage(source);
  if (name === 'OpusHead' && first.length >= data + 19) {
    const skipped = page.getUint16(data + 10, true);
    const frames = Math.max(0, last - skipped);
    return { codec: 'Opus', sampleRateHz: opusRateHz, channels: page.getUint8(data + 9), frames };
  }
  if (name.startsWith('\x01vorbis') && first.length >= data + 16) {
    const sampleRateHz = page.getUint32(data + 12, true);
    return { codec: 'Vorbis', sampleRateHz, channels: page.getUint8(data + 11), frames: last };
  }
  throw new UserError('is an Ogg file without a Vorbis or Opus stream at its start', {
    file,
    mend: 'Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac',
  });
}

/** The granule position of the last page, which must end the stream: samples a channel until there. */
async function lastPage(source: ByteSource): Promise<number> {
  const tail = await source.read(Math.max(0, source.bytes - longestPage), longestPage);
  const text = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  const at = text.lastIndexOf('OggS');
  const view = viewOf(tail);
  if (at < 0 || at + 27 > tail.length || (view.getUint8(at + 5) & 4) === 0) {
    throw damagedFile('Ogg', source.file, 'its last page is missing');
  }
  const segments = view.getUint8(at + 26);
  const sizes = tail.subarray(at + 27, at + 27 + segments);
  if (at + 27 + segments + sizes.reduce((sum, size) => sum + size, 0) > tail.length) {
    throw damagedFile('Ogg', source.file, 'it ends within its last page');
  }
  return Number(view.getBigInt64(at + 6, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
