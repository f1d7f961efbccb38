/** @file Ogg files: Vorbis and Opus, one stream or several joined, decoded by the reference decoders. */
import { messageOf, UserError } from '../base/errors.js';
import { keepSpan } from './keep.js';
import { monoOf } from './mono.js';
import { type OggLink, oggLinks } from './ogg-links.js';
import { opusPieces } from './opus.js';
import {
  type AudioHeader,
  type AudioSpan,
  type ByteSource,
  damagedFile,
  framesOfSpan,
  type MonoAudio,
} from './source.js';
import { vorbisPieces } from './vorbis.js';

/** Decodes a span of an Ogg file; all of it passes, only the span is kept. */
export async function readOgg(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { file } = source;
  const { links, frames, sampleRateHz } = await readLinks(source);
  framesOfSpan(span, frames, sampleRateHz, file);
  const keeper = keepSpan(span, sampleRateHz, file);
  try {
    for (const link of links) {
      const { codec, skipped } = link;
      let decoded = 0;
      for await (const channels of codec === 'Opus' ? opusPieces(source, link) : vorbisPieces(source, link)) {
        const length = channels[0]?.length ?? 0;
        const from = Math.min(length, Math.max(0, skipped - decoded));
        const to = Math.min(length, skipped + link.frames - decoded);
        if (to > from) {
          keeper.pass(to - from, ({ first, count }) =>
            monoOf(channels, { first: from + first, count }, span.channel, file),
          );
        }
        decoded += length;
      }
      if (decoded < skipped + link.frames)
        throw new Error(`${Math.max(0, decoded - skipped)} of ${link.frames} samples could be decoded`);
    }
    return { samples: keeper.finish(frames), sampleRateHz };
  } catch (error) {
    throw asDamage(error, file);
  }
}

/** What an Ogg file's pages say. */
export async function oggHeader(source: ByteSource): Promise<AudioHeader> {
  const { links, frames, sampleRateHz } = await readLinks(source);
  return { sampleRateHz, channels: links[0].channels, frames };
}

interface Links {
  readonly links: readonly [OggLink, ...OggLink[]];
  readonly frames: number;
  readonly sampleRateHz: number;
}

async function readLinks(source: ByteSource): Promise<Links> {
  const { file } = source;
  const links = await oggLinks(source).catch((error: unknown) => {
    throw asDamage(error, file);
  });
  const hint = 'Convert it, for example: ffmpeg -i IN -ac 1 -ar 16000 OUT.flac';
  const [first, ...others] = links;
  if (first === undefined)
    throw new UserError('is an Ogg file that does not start with a Vorbis or Opus stream', { file, hint });
  const { sampleRateHz } = first;
  const other = others.find((link) => link.sampleRateHz !== sampleRateHz);
  if (other !== undefined) {
    const what = `is several Ogg streams joined: the sample rate changes from ${sampleRateHz} to ${other.sampleRateHz} Hz`;
    throw new UserError(what, { file, hint });
  }
  return {
    links: [first, ...others],
    sampleRateHz,
    frames: links.reduce((sum, link) => sum + link.frames, 0),
  };
}

function asDamage(error: unknown, file: string): unknown {
  return error instanceof UserError ? error : damagedFile('Ogg', file, messageOf(error), error);
}
