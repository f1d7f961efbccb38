/** @file WAV files: PCM of 8 to 32 bits, floats, A-law and mu-law, plain or extensible, read; 16-bit PCM written. */
import { UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { bitsOf, frameBytesOf, type PcmLayout, samplesOf } from './pcm.js';
import {
  type AudioHeader,
  type AudioSpan,
  type ByteSource,
  damagedFile,
  framesOfSpan,
  type MonoAudio,
} from './source.js';

const tags = { pcm: 1, extensible: 0xfffe } as const;

const encodings: Readonly<Record<number, PcmLayout['encoding']>> = {
  [tags.pcm]: 'pcm',
  3: 'float',
  6: 'a-law',
  7: 'mu-law',
};

/** Names of formats that are common but not read, by their tag. */
const otherFormats: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
};

/** Decodes a span of a WAV file. Only the bytes of the span are read. */
export async function readWav(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { format, dataOffset, dataBytes } = await readChunks(source);
  const { sampleRateHz } = format;
  const frameBytes = frameBytesOf(format);
  const { first, count } = framesOfSpan(span, Math.floor(dataBytes / frameBytes), sampleRateHz, source.file);
  const bytes = await source.read(dataOffset + first * frameBytes, count * frameBytes);
  if (bytes.length < count * frameBytes) throw damaged(source.file, 'it was shortened during reading');
  return { samples: samplesOf(bytes, format, span.channel, source.file), sampleRateHz };
}

/** What a WAV file's header says. */
export async function wavHeader(source: ByteSource): Promise<AudioHeader> {
  const { format, dataBytes } = await readChunks(source);
  const { channels, sampleRateHz } = format;
  return { channels, sampleRateHz, frames: Math.floor(dataBytes / frameBytesOf(format)) };
}

/** Walks the chunks to the samples. */
async function readChunks(
  source: ByteSource,
): Promise<{ readonly format: PcmLayout; readonly dataOffset: number; readonly dataBytes: number }> {
  let format: PcmLayout | undefined;
  let offset = 12;
  while (offset + 8 <= source.bytes) {
    const head = viewOf(await source.read(offset, 8));
    const name = asciiOf(head, 0, 4);
    const bytes = head.getUint32(4, true);
    if (name === 'fmt ')
      format = formatOf(viewOf(await source.read(offset + 8, Math.min(bytes, 40))), source.file);
    if (name === 'data') {
      if (format === undefined) throw damaged(source.file, "its 'fmt' chunk is missing");
      return { format, dataOffset: offset + 8, dataBytes: await dataBytesOf(bytes, offset + 8, source) };
    }
    offset += 8 + bytes + (bytes % 2);
  }
  throw damaged(source.file, 'it ends before its samples');
}

/** Programs that write into a pipe cannot know the size: they give the largest one there is (sox: nearly). */
const unknownSizes = 0x7ffff000;

async function dataBytesOf(stated: number, dataOffset: number, source: ByteSource): Promise<number> {
  const present = source.bytes - dataOffset;
  // A recorder that was ended before it wrote the size leaves zero.
  if (stated === 0 && !(await isChunks(source, dataOffset))) return present;
  if (stated <= present) return stated;
  if (stated >= unknownSizes || (await isWhole(source))) return present;
  throw damaged(source.file, `its header declares ${stated} bytes of samples, but it has ${present}`);
}

/** Whether the file is as long as its first header says: one of the samples that promises more counted headers along. */
async function isWhole(source: ByteSource): Promise<boolean> {
  const stated = viewOf(await source.read(4, 4)).getUint32(0, true);
  return stated === source.bytes - 8 || stated === source.bytes;
}

/** Whether nothing but further chunks lies from an offset to the end of the file. */
async function isChunks(source: ByteSource, start: number): Promise<boolean> {
  let offset = start;
  while (offset + 8 <= source.bytes) {
    const head = viewOf(await source.read(offset, 8));
    if (!/^[ -~]{4}$/.test(asciiOf(head, 0, 4))) return false;
    const bytes = head.getUint32(4, true);
    offset += 8 + bytes + (bytes % 2);
  }
  return offset === source.bytes || offset === source.bytes + 1;
}

function formatOf(view: DataView, file: string): PcmLayout {
  if (view.byteLength < 16) throw damaged(file, 'its format is cut short');
  const tag = view.getUint16(0, true);
  // Extensible: the first two bytes of the sub-format's GUID are the tag proper.
  const proper = tag === tags.extensible && view.byteLength >= 26 ? view.getUint16(24, true) : tag;
  const encoding = encodings[proper];
  const channels = view.getUint16(2, true);
  const sampleRateHz = view.getUint32(4, true);
  const bits = view.getUint16(14, true);
  if (encoding === undefined || !bitsOf[encoding].includes(bits)) {
    const name = otherFormats[proper] ?? (encoding ? `${bits}-bit ${encoding}` : `format ${proper}`);
    throw new UserError(`WAV in ${name} is not supported`, {
      file,
      hint: 'Convert it to 16-bit PCM, for example: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav',
    });
  }
  if (channels === 0 || sampleRateHz === 0 || view.getUint16(12, true) !== (channels * bits) / 8) {
    throw damaged(file, `invalid header: ${channels} channels of ${bits} bits at ${sampleRateHz} Hz`);
  }
  return { encoding, bits, channels, sampleRateHz };
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

const damaged = (file: string, how: string): UserError => damagedFile('WAV', file, how);
