/** @file Ogg files: Vorbis and Opus, decoded by the reference decoders compiled to WebAssembly. */
import { messageOf, UserError } from '../base/errors.js';
import { keepSpan } from './keep.js';
import { monoOf } from './mono.js';
import { longestPage, opusPieces } from './opus.js';
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

/** Decodes a span of an Ogg file with one Vorbis or Opus stream; all of it passes, only the span is kept. */
export async function readOgg(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const { codec, frames, sampleRateHz } = await readStream(source);
  framesOfSpan(span, frames, sampleRateHz, file);
  const keeper = keepSpan(span, sampleRateHz, file);
  try {
    let decoded = 0;
    for await (const channels of codec === 'Opus' ? opusPieces(source) : vorbisPieces(source)) {
      const count = channels[0]?.length ?? 0;
      keeper.pass(count, (range) => monoOf(channels, range, span.channel, file));
      decoded += count;
    }
    if (decoded < frames) throw new Error(`${decoded} of ${frames} samples could be decoded`);
    return { samples: keeper.finish(frames), sampleRateHz };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('Ogg', file, messageOf(error), error);
  }
}

const pieceBytes = 1 << 17;

async function* vorbisPieces(source: ByteSource): AsyncGenerator<readonly Float32Array[]> {
  // Loaded where needed: it brings its WebAssembly along.
  const decoder = new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder();
  try {
    await decoder.ready;
    for (let offset = 0; offset < source.bytes; offset += pieceBytes) {
      yield piece(await decoder.decode(await source.read(offset, pieceBytes)));
    }
    yield piece(await decoder.flush());
  } finally {
    decoder.free();
  }
}

function piece(decoded: {
  readonly channelData: Float32Array[];
  readonly errors: readonly { readonly message: string }[];
}): readonly Float32Array[] {
  if (decoded.errors[0] !== undefined) throw new Error(decoded.errors[0].message);
  return decoded.channelData;
}

/** What an Ogg file's first and last page say. */
export const oggHeader: (source: ByteSource) => Promise<AudioHeader> = readStream;

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
