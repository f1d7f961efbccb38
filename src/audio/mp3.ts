/** @file MP3 files, decoded by mpg123 compiled to WebAssembly; an encoder's delay and padding are taken away. */
import { messageOf, UserError } from '../base/errors.js';
import { keepSpan, type SpanKeeper } from './keep.js';
import { monoOf } from './mono.js';
import { frameAt, frameChain, tagBytes } from './mp3-frames.js';
import { silently } from './silent.js';
import { type AudioSpan, type ByteSource, damagedFile, type MonoAudio } from './source.js';

const pieceBytes = 1 << 17;
/** A decoder that begins, resynchronises or ends may keep so many frames to itself. */
const framesOfDoubt = 4;

/** Decodes a span of an MP3 file; all of it passes, since only decoding tells where a sample lies. */
export async function readMp3(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const walked = await walkFrames(source);
  const { sampleRateHz } = walked;
  const { MPEGDecoder } = await import('mpg123-decoder');
  const decoder = new MPEGDecoder();
  try {
    await decoder.ready;
    const keeper: SpanKeeper = keepSpan(span, sampleRateHz, file);
    let decoded = 0;
    for (let offset = walked.begin; offset < walked.end; offset += pieceBytes) {
      const bytes = await source.read(offset, Math.min(pieceBytes, walked.end - offset));
      const { channelData, samplesDecoded, errors } = silently(() => decoder.decode(bytes));
      if (errors[0] !== undefined) throw damagedFile('MP3', file, errors[0].message);
      decoded += samplesDecoded;
      if (samplesDecoded > 0)
        keeper.pass(samplesDecoded, (range) => monoOf(channelData, range, span.channel, file));
    }
    if (Math.abs(decoded - walked.samples) > framesOfDoubt * walked.frameSamples) {
      const what = `its frames have ${walked.samples} samples, but ${decoded} could be decoded`;
      throw damagedFile('MP3', file, what);
    }
    return { samples: keeper.finish(), sampleRateHz };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('MP3', file, messageOf(error), error);
  } finally {
    decoder.free();
  }
}

interface Walked {
  /** Where the first frame begins and the last one ends: what lies around them is not the decoder's to see. */
  readonly begin: number;
  readonly end: number;
  readonly sampleRateHz: number;
  readonly frameSamples: number;
  /** What the frames hold, without the one that describes the others, an encoder's delay and its padding. */
  readonly samples: number;
}

/**
 * Walks from frame to frame to the end; what lies between frames (tags, garbage) is passed.
 * @throws UserError when there is no frame, the file ends within one or before all that its first one counts, the rate
 *   changes, or frames do not tell their size
 */
async function walkFrames(source: ByteSource): Promise<Walked> {
  const { file } = source;
  let window = new Uint8Array();
  let from = 0;
  let at = 0;
  let frames = 0;
  let wasLost = false;
  let head: { readonly place: number; readonly sampleRateHz: number; readonly samples: number } | undefined;
  while (at + 4 <= source.bytes) {
    if (at + 4 > from + window.length || at < from) {
      window = Uint8Array.from(await source.read(at, pieceBytes));
      from = at;
    }
    const frame = frameAt(window, at - from);
    if (head === undefined && frame !== undefined && frame.bytes === undefined)
      throw unreadFrames(frame.layer, file);
    if (frame?.bytes !== undefined) {
      head ??= { place: at, ...frame };
      if (frame.sampleRateHz !== head.sampleRateHz) throw otherRate(head, frame.sampleRateHz, frames, file);
      at += frame.bytes;
      frames++;
      continue;
    }
    const next = await nextFrame(source, at);
    if (next === undefined) break;
    wasLost ||= !next.behindTag;
    at = next.place;
  }
  if (head === undefined) throw damagedFile('MP3', file, 'it has no complete frame');
  if (at > source.bytes) throw damagedFile('MP3', file, 'it ends within a frame');
  const { counted, isSilent, trimmed } = describing(await source.read(head.place, 256));
  // The frame that counts is not among those it counts, to some encoders.
  if (counted !== undefined && !wasLost && frames < counted) {
    throw damagedFile('MP3', file, `its header declares ${counted} frames, but it has ${frames}`);
  }
  const heard = isSilent ? frames - 1 : frames;
  return {
    begin: head.place,
    end: at,
    sampleRateHz: head.sampleRateHz,
    frameSamples: head.samples,
    samples: heard * head.samples - trimmed,
  };
}

/** Where frames go on behind a place that is none. */
async function nextFrame(
  source: ByteSource,
  at: number,
): Promise<{ readonly place: number; readonly behindTag: boolean } | undefined> {
  const tag = tagBytes(await source.read(at, 10));
  if (tag > 0) return { place: at + tag, behindTag: true };
  // Pieces overlap by more than the frames that are looked for.
  for (let from = at; from < source.bytes; from += pieceBytes / 2) {
    const bytes = await source.read(from, pieceBytes);
    const found = frameChain(bytes, 0, from + bytes.length === source.bytes);
    if (found !== undefined) return { place: from + found, behindTag: false };
  }
  return undefined;
}

/** What a Xing or Info header in the first frame says, and the encoder's delay and padding behind it. */
function describing(bytes: Uint8Array): {
  readonly counted?: number;
  readonly isSilent: boolean;
  readonly trimmed: number;
} {
  const head = Buffer.from(bytes);
  const at = Math.max(head.subarray(0, 64).indexOf('Xing'), head.subarray(0, 64).indexOf('Info'));
  if (at < 0 || at + 8 > head.length) return { isSilent: false, trimmed: 0 };
  const flags = head.readUInt32BE(at + 4);
  // Frames, bytes, a table of 100 entries, a quality: each there where its flag is; then the encoder's own part.
  const own =
    at + 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  const gaps = own + 24 <= head.length && head[own] !== 0 ? head.readUIntBE(own + 21, 3) : 0;
  return {
    ...(flags & 1 && at + 12 <= head.length && { counted: head.readUInt32BE(at + 8) }),
    isSilent: true,
    trimmed: (gaps >> 12) + (gaps & 0xfff),
  };
}

function unreadFrames(layer: number, file: string): UserError {
  const what = layer === 3 ? 'MP3 in free format' : `MPEG audio layer ${'I'.repeat(layer)}`;
  return new UserError(`${what} is not supported`, { file, hint: convert });
}

const convert = 'Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac';

function otherRate(
  head: { readonly sampleRateHz: number; readonly samples: number },
  rateHz: number,
  frames: number,
  file: string,
): UserError {
  const seconds = ((frames * head.samples) / head.sampleRateHz).toFixed(2);
  return new UserError(
    `is several MP3 files joined: the sample rate changes from ${head.sampleRateHz} to ${rateHz} Hz at ${seconds} s`,
    { file, hint: convert },
  );
}
