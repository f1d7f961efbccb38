/** @file MP3 files, decoded by mpg123 compiled to WebAssembly; an encoder's delay and padding are taken away. */
import { messageOf, UserError } from '../base/errors.js';
import { keepSpan, type SpanKeeper } from './keep.js';
import { monoOf } from './mono.js';
import { frameBytes, tagBytes } from './mp3-frames.js';
import { type AudioSpan, type ByteSource, damagedFile, type MonoAudio } from './source.js';

const pieceBytes = 1 << 17;

/** Decodes a span of an MP3 file; all of it passes, since only decoding tells where a sample lies. */
export async function readMp3(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const { MPEGDecoder } = await import('mpg123-decoder');
  const decoder = new MPEGDecoder();
  try {
    await decoder.ready;
    let kept: { readonly keeper: SpanKeeper; readonly sampleRateHz: number } | undefined;
    for (let offset = 0; offset < source.bytes; offset += pieceBytes) {
      const piece = decoder.decode(await source.read(offset, pieceBytes));
      const { channelData, samplesDecoded, sampleRate, errors } = piece;
      if (errors[0] !== undefined) throw damagedFile('MP3', file, errors[0].message);
      if (samplesDecoded === 0) continue;
      kept ??= { keeper: keepSpan(span, sampleRate, file), sampleRateHz: sampleRate };
      kept.keeper.pass(samplesDecoded, (range) => monoOf(channelData, range, span.channel, file));
    }
    if (kept === undefined) throw damagedFile('MP3', file, 'none of its samples could be decoded');
    await checkEnd(source);
    return { samples: kept.keeper.finish(), sampleRateHz: kept.sampleRateHz };
  } catch (error) {
    throw error instanceof UserError ? error : damagedFile('MP3', file, messageOf(error), error);
  } finally {
    decoder.free();
  }
}

/**
 * Walks from frame to frame until something else comes: the end, a tag.
 * @throws UserError when the file ends within a frame, or before all frames that its first one counts
 */
async function checkEnd(source: ByteSource): Promise<void> {
  const first = tagBytes(await source.read(0, 10));
  let window = new Uint8Array();
  let from = 0;
  let frames = 0;
  let at = first;
  for (; at < source.bytes; frames++) {
    if (at + 4 > from + window.length) {
      window = Uint8Array.from(await source.read(at, pieceBytes));
      from = at;
    }
    const bytes = frameBytes(window, at - from);
    if (bytes === undefined) break;
    at += bytes;
  }
  if (at > source.bytes) throw damagedFile('MP3', source.file, 'it ends within a frame');
  const counted = await framesCounted(source, first);
  // The frame that counts is not among those it counts, to some encoders.
  if (counted !== undefined && at === source.bytes && frames < counted) {
    throw damagedFile('MP3', source.file, `its header promises ${counted} frames, ${frames} are there`);
  }
}

/** What a Xing or Info header in the first frame says. */
async function framesCounted(source: ByteSource, first: number): Promise<number | undefined> {
  const head = Buffer.from(await source.read(first, 64));
  const at = Math.max(head.indexOf('Xing'), head.indexOf('Info'));
  return at > 0 && at + 12 <= head.length && head.readUInt32BE(at + 4) & 1
    ? head.readUInt32BE(at + 8)
    : undefined;
}
