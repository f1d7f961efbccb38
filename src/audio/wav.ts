/** @file WAV files: PCM of 8 to 32 bits and floats, plain or extensible, read; 16-bit PCM written. */
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { type AudioSpan, type ByteSource, framesOfSpan, type MonoAudio } from './source.js';

interface WavFormat {
  readonly encoding: 'pcm' | 'float';
  readonly bits: number;
  readonly channels: number;
  readonly sampleRateHz: number;
}

const tags = { pcm: 1, float: 3, extensible: 0xfffe } as const;

/** Names of formats that are common but not read, by their tag. */
const otherFormats: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
};

/** Decodes a span of a WAV file; its channels are averaged. Only the bytes of the span are read. */
export async function readWav(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { format, dataOffset, dataBytes } = await readChunks(source);
  const { channels, bits, sampleRateHz } = format;
  const frameBytes = (channels * bits) / 8;
  const { first, count } = framesOfSpan(span, Math.floor(dataBytes / frameBytes), sampleRateHz, source.file);
  const bytes = await source.read(dataOffset + first * frameBytes, count * frameBytes);
  if (bytes.length < count * frameBytes) throw damaged(source.file, 'it became shorter while it was read');
  const samples = bits === 16 && channels === 1 ? monoOf16Bits(bytes) : monoOf(bytes, format);
  if (format.encoding === 'float' && !samples.every(Number.isFinite)) {
    throw new UserError('the audio file holds samples that are not finite numbers', {
      file: source.file,
      mend: 'Make it anew, or take it out of the manifest',
    });
  }
  return { samples, sampleRateHz };
}

/** Walks the chunks to the samples. */
async function readChunks(
  source: ByteSource,
): Promise<{ readonly format: WavFormat; readonly dataOffset: number; readonly dataBytes: number }> {
  let format: WavFormat | undefined;
  let offset = 12;
  while (offset + 8 <= source.bytes) {
    const head = viewOf(await source.read(offset, 8));
    const name = asciiOf(head, 0, 4);
    const bytes = head.getUint32(4, true);
    if (name === 'fmt ')
      format = formatOf(viewOf(await source.read(offset + 8, Math.min(bytes, 40))), source.file);
    if (name === 'data') {
      if (format === undefined) throw damaged(source.file, 'it has no format before its samples');
      return { format, dataOffset: offset + 8, dataBytes: dataBytesOf(bytes, offset + 8, source) };
    }
    offset += 8 + bytes + (bytes % 2);
  }
  throw damaged(source.file, 'it ends before its samples');
}

/** Programs that write into a pipe cannot know the size: they give the largest one there is (sox: nearly). */
const unknownSizes = 0x7ffff000;

function dataBytesOf(stated: number, dataOffset: number, source: ByteSource): number {
  const present = source.bytes - dataOffset;
  if (stated <= present) return stated;
  if (stated >= unknownSizes) return present;
  throw damaged(source.file, `its header promises ${stated} bytes of samples, ${present} are there`);
}

function formatOf(view: DataView, file: string): WavFormat {
  if (view.byteLength < 16) throw damaged(file, 'its format is cut short');
  const tag = view.getUint16(0, true);
  // Extensible: the first two bytes of the sub-format's GUID are the tag proper.
  const proper = tag === tags.extensible && view.byteLength >= 26 ? view.getUint16(24, true) : tag;
  const encoding = proper === tags.pcm ? 'pcm' : proper === tags.float ? 'float' : undefined;
  const channels = view.getUint16(2, true);
  const sampleRateHz = view.getUint32(4, true);
  const bits = view.getUint16(14, true);
  if (encoding === undefined || !(encoding === 'pcm' ? [8, 16, 24, 32] : [32, 64]).includes(bits)) {
    const name = otherFormats[proper] ?? (encoding ? `${bits}-bit ${encoding}` : `format ${proper}`);
    throw new UserError(`is a WAV file of ${name}, which is not read here`, {
      file,
      mend: 'Convert it to 16-bit PCM, for example: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav',
    });
  }
  if (channels === 0 || sampleRateHz === 0 || view.getUint16(12, true) !== (channels * bits) / 8) {
    throw damaged(file, `its header says ${channels} channels of ${bits} bits at ${sampleRateHz} Hz`);
  }
  return { encoding, bits, channels, sampleRateHz };
}

/** The common case, straight from the bytes. */
function monoOf16Bits(bytes: Uint8Array): Float32Array {
  const samples = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = ((((bytes[2 * i + 1] as number) << 24) >> 16) | (bytes[2 * i] as number)) / 32768;
  }
  return samples;
}

function monoOf(bytes: Uint8Array, format: WavFormat): Float32Array {
  const { channels, bits } = format;
  const view = viewOf(bytes);
  const sampleAt = sampleReader(format);
  const step = bits / 8;
  const samples = new Float32Array(bytes.length / (channels * step));
  for (let i = 0, offset = 0; i < samples.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, offset += step) sum += sampleAt(view, offset);
    samples[i] = sum / channels;
  }
  return samples;
}

function sampleReader({ encoding, bits }: WavFormat): (view: DataView, offset: number) => number {
  if (encoding === 'float') {
    return bits === 32 ? (view, at) => view.getFloat32(at, true) : (view, at) => view.getFloat64(at, true);
  }
  // 8-bit PCM alone is unsigned.
  if (bits === 8) return (view, at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (view, at) => view.getInt16(at, true) / 32768;
  if (bits === 24) return (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8388608;
  return (view, at) => view.getInt32(at, true) / 2147483648;
}

/** A WAV file of 16-bit PCM, one channel; samples outside [-1, 1) are clipped. */
export function encodeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const bytes = new Uint8Array(44 + 2 * samples.length);
  const view = viewOf(bytes);
  const text = (offset: number, name: string): void => bytes.set(new TextEncoder().encode(name), offset);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, tags.pcm, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, 2 * sampleRateHz, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    if (!Number.isFinite(sample)) throw new Error(`sample ${i} of the WAV file to write is ${sample}`);
    view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true);
  }
  return bytes;
}

/** Writes `encodeWav`'s file in one step. */
export async function writeWav(path: string, samples: Float32Array, sampleRateHz: number): Promise<void> {
  await writeFileAtomic(path, encodeWav(samples, sampleRateHz));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asciiOf(view: DataView, offset: number, length: number): string {
  return String.fromCharCode(...Array.from({ length }, (_, i) => view.getUint8(offset + i)));
}

function damaged(file: string, how: string): UserError {
  return new UserError(`the WAV file is truncated or damaged: ${how}`, {
    file,
    mend: 'Get it anew, or take it out of the manifest',
  });
}
