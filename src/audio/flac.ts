/**
 * @file FLAC files. Our own decoder: the reference one, compiled to WebAssembly, takes three times as long in its
 * wrapping (bench/README.md) and cannot begin in the middle of a file.
 */
import { messageOf, UserError } from '../base/errors.js';
import { padding } from './flac-bits.js';
import { decodeFrame, type FlacInfo, type FrameHeader, frameHeader } from './flac-frame.js';
import { keepSpan } from './keep.js';
import { wantedChannels } from './mono.js';
import { type AudioSpan, type ByteSource, damagedFile, framesOfSpan, type MonoAudio } from './source.js';

/** Bytes held at once, at least. */
const windowBytes = 1 << 19;
/** Nearer to the wanted sample than this many bytes it is not worth to look for a later frame to begin at. */
const nearBytes = 1 << 17;

/** Memory for so many is taken on the header's word (four minutes at 16 kHz); for more, as frames are decoded. */
const firstSamples = 2 ** 22;

/** Where a frame begins, and its first sample. */
interface Place {
  readonly offset: number;
  readonly sample: number;
}

interface Frame {
  readonly header: FrameHeader;
  /** Samples of each channel, until the next frame is asked for. */
  readonly channels: readonly Int32Array[];
}

/** Decodes a span of a FLAC file; of a long file only the frames of the span are read. */
export async function readFlac(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  try {
    const info = await streamInfo(source);
    const wanted = wantedChannels(info.channels, span.channel, file);
    const samples =
      info.frames === undefined
        ? await readStreamed(source, info, span, wanted)
        : await readSpan(source, info, framesOfSpan(span, info.frames, info.sampleRateHz, file), wanted);
    return { samples, sampleRateHz: info.sampleRateHz };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('FLAC', file, messageOf(error), error);
  }
}

async function readSpan(
  source: ByteSource,
  info: FlacInfo,
  { first, count }: { readonly first: number; readonly count: number },
  wanted: readonly number[],
): Promise<Float32Array> {
  let samples = new Float32Array(Math.min(count, firstSamples));
  let sample = 0;
  for await (const { header, channels } of framesFrom(source, info, await placeBefore(source, info, first))) {
    const from = Math.max(first, header.first);
    sample = Math.min(first + count, header.first + header.size);
    if (sample - first > samples.length) {
      const grown = new Float32Array(Math.min(count, 2 * samples.length));
      grown.set(samples);
      samples = grown;
    }
    if (sample > from)
      mix(channels, wanted, info.bits, from - header.first, samples.subarray(from - first, sample - first));
    if (sample === first + count) return samples;
  }
  throw new Error(`${sample} of ${info.frames} samples could be decoded`);
}

/** A stream whose length nobody wrote down is decoded to its end; what lies outside the span is let go. */
async function readStreamed(
  source: ByteSource,
  info: FlacInfo,
  span: AudioSpan,
  wanted: readonly number[],
): Promise<Float32Array> {
  const keeper = keepSpan(span, info.sampleRateHz, source.file);
  for await (const { header, channels } of framesFrom(source, info, await firstPlace(source))) {
    keeper.pass(header.size, ({ first, count }) => {
      const samples = new Float32Array(count);
      mix(channels, wanted, info.bits, first, samples);
      return samples;
    });
  }
  return keeper.finish();
}

/** The mean of the wanted channels as floats in [-1, 1), from a frame's sample `from` on. */
function mix(
  channels: readonly Int32Array[],
  wanted: readonly number[],
  bits: number,
  from: number,
  output: Float32Array,
): void {
  const full = 2 ** (bits - 1);
  if (wanted.length === 1) {
    const channel = channels[wanted[0] as number] as Int32Array;
    const scale = 1 / full;
    for (let i = 0; i < output.length; i++) output[i] = (channel[from + i] as number) * scale;
    return;
  }
  for (let i = 0; i < output.length; i++) {
    let sum = 0;
    for (const each of wanted) sum += (channels[each] as Int32Array)[from + i] as number;
    output[i] = sum / full / wanted.length;
  }
}

/** What STREAMINFO, always the first block, says. */
export async function streamInfo(source: ByteSource): Promise<FlacInfo> {
  const bytes = await source.read(0, 26);
  if (bytes.length < 26) throw damagedFile('FLAC', source.file, 'it ends in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples (0: not known).
  const packed = view.getUint32(18);
  const frames = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
  const bits = ((packed >>> 4) & 31) + 1;
  const channels = ((packed >>> 9) & 7) + 1;
  const longestBlock = view.getUint16(10);
  const sampleRateHz = packed >>> 12;
  if (sampleRateHz === 0 || longestBlock < 16 || bits < 4) {
    throw damagedFile('FLAC', source.file, `invalid header: ${bits} bits at ${sampleRateHz} Hz`);
  }
  if (bits > 24) {
    throw new UserError(`FLAC with ${bits} bits per sample is not supported`, {
      file: source.file,
      hint: 'Convert it, for example: ffmpeg -i IN.flac -c:a pcm_s24le OUT.wav',
    });
  }
  // Verbatim, and one bit more for a side channel; a frame's own head and end.
  const uncompressed = Math.ceil((longestBlock * (bits + 1) * channels) / 8) + 16 * channels + 32;
  return {
    sampleRateHz,
    channels,
    bits,
    frames: frames === 0 ? undefined : frames,
    longestBlock,
    shortestBlock: view.getUint16(8),
    longestFrame: Math.max(uncompressed, view.getUint32(14) & 0xffffff),
  };
}

/** Behind the blocks of metadata. */
async function firstPlace(source: ByteSource): Promise<Place> {
  let offset = 4;
  for (let last = false; !last; ) {
    const [head = 0, a = 0, b = 0, c] = await source.read(offset, 4);
    if (c === undefined) throw damagedFile('FLAC', source.file, 'it ends in its header');
    last = (head & 128) !== 0;
    offset += 4 + (a << 16) + (b << 8) + c;
  }
  return { offset, sample: 0 };
}

/** Bytes from an offset on, with room behind them for reads that overshoot. */
async function windowAt(source: ByteSource, offset: number, length: number): Promise<DataView> {
  const bytes = await source.read(offset, length);
  const padded = new Uint8Array(bytes.length + padding);
  padded.set(bytes);
  return new DataView(padded.buffer);
}

/** The frames from one on, in order, to the end. */
async function* framesFrom(source: ByteSource, info: FlacInfo, place: Place): AsyncGenerator<Frame> {
  const channels = Array.from({ length: info.channels }, () => new Int32Array(info.longestBlock));
  const length = Math.max(windowBytes, 2 * info.longestFrame);
  let { offset, sample } = place;
  let view = await windowAt(source, offset, length);
  let at = 0;
  while (offset + at < source.bytes && sample !== info.frames) {
    const rest = view.byteLength - padding - at;
    if (rest < info.longestFrame && offset + at + rest < source.bytes) {
      offset += at;
      at = 0;
      view = await windowAt(source, offset, length);
    }
    const { header, next } = decodeFrame(view, at, info, channels);
    if (header.first !== sample) throw new Error(`a frame is missing before sample ${header.first}`);
    yield { header, channels };
    sample += header.size;
    at = next;
  }
}

/** A frame at or before a sample, by bisection; near enough that what lies between is decoded fast. */
async function placeBefore(source: ByteSource, info: FlacInfo, sample: number): Promise<Place> {
  let low = await firstPlace(source);
  let high = source.bytes;
  const channels = Array.from({ length: info.channels }, () => new Int32Array(info.longestBlock));
  while (sample > low.sample + info.longestBlock && high - low.offset > nearBytes + info.longestFrame) {
    const middle = Math.floor((low.offset + high) / 2);
    const view = await windowAt(source, middle, Math.min(2 * info.longestFrame, high - middle));
    const found = firstFrame(view, info, channels);
    if (found !== undefined && found.first <= sample && found.first > low.sample) {
      low = { offset: middle + found.at, sample: found.first };
    } else high = middle;
  }
  return low;
}

/** The first place that decodes as a frame, to its checksum. */
function firstFrame(
  view: DataView,
  info: FlacInfo,
  channels: readonly Int32Array[],
): { readonly at: number; readonly first: number } | undefined {
  for (let at = 0; at < view.byteLength - 2 * padding; at++) {
    if (view.getUint8(at) !== 0xff || frameHeader(view, at, info) === undefined) continue;
    try {
      return { at, first: decodeFrame(view, at, info, channels).header.first };
    } catch {
      // Looks like a frame's head, but is none.
    }
  }
  return undefined;
}
