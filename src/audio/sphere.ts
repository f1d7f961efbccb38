/** @file NIST SPHERE files without compression: PCM, A-law and mu-law. */
import { UserError } from '../base/errors.js';
import { bitsOf, frameBytesOf, type PcmLayout, samplesOf } from './pcm.js';
import {
  type AudioHeader,
  type AudioSpan,
  type ByteSource,
  damagedFile,
  framesOfSpan,
  type MonoAudio,
} from './source.js';

const codings: Readonly<Record<string, PcmLayout['encoding']>> = {
  pcm: 'pcm',
  alaw: 'a-law',
  ulaw: 'mu-law',
  'mu-law': 'mu-law',
};

/** Decodes a span of a SPHERE file. Only the bytes of the span are read. */
export async function readSphere(source: ByteSource, span: AudioSpan): Promise<MonoAudio> {
  const { layout, headerBytes, frames } = await readHeader(source);
  const frameBytes = frameBytesOf(layout);
  const { first, count } = framesOfSpan(span, frames, layout.sampleRateHz, source.file);
  const bytes = await source.read(headerBytes + first * frameBytes, count * frameBytes);
  return {
    samples: samplesOf(bytes, layout, span.channel, source.file),
    sampleRateHz: layout.sampleRateHz,
  };
}

/** What a SPHERE file's header says. */
export async function sphereHeader(source: ByteSource): Promise<AudioHeader> {
  const { layout, frames } = await readHeader(source);
  return { sampleRateHz: layout.sampleRateHz, channels: layout.channels, frames };
}

/** The header is text: its size in bytes on the second line, then `name -type value` a line until `end_head`. */
async function readHeader(
  source: ByteSource,
): Promise<{ readonly layout: PcmLayout; readonly headerBytes: number; readonly frames: number }> {
  const { file } = source;
  const headerBytes = Number(String.fromCharCode(...(await source.read(8, 8))));
  if (!(Number.isInteger(headerBytes) && headerBytes >= 16 && headerBytes <= 1 << 16)) {
    throw damagedFile('SPHERE', file, 'its header does not contain its size');
  }
  const text = String.fromCharCode(...(await source.read(16, headerBytes - 16)));
  if (!text.includes('end_head')) throw damagedFile('SPHERE', file, 'its header has no end');
  const fields = new Map(
    [...text.matchAll(/^(\w+) -(?:i|r|s\d+) (.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value.trim(),
    ]),
  );
  const layout = layoutOf(fields, file);
  const present = Math.floor((source.bytes - headerBytes) / frameBytesOf(layout));
  const frames = fields.has('sample_count') ? Number(fields.get('sample_count')) : present;
  if (!(Number.isInteger(frames) && frames >= 0 && frames <= present)) {
    throw damagedFile('SPHERE', file, `its header declares ${frames} samples, but it has ${present}`);
  }
  return { layout, headerBytes, frames };
}

function layoutOf(fields: ReadonlyMap<string, string>, file: string): PcmLayout {
  const coding = fields.get('sample_coding') ?? 'pcm';
  const encoding = codings[coding];
  const bits = 8 * Number(fields.get('sample_n_bytes') ?? (encoding === 'pcm' ? 2 : 1));
  if (encoding === undefined || !bitsOf[encoding].includes(bits) || (encoding === 'pcm' && bits === 8)) {
    const what = encoding === undefined ? `samples coded as '${coding}'` : `${bits}-bit ${encoding}`;
    throw new UserError(`SPHERE with ${what} is not supported`, {
      file,
      hint: 'Convert it, for example: sph2pipe -f wav IN.sph OUT.wav',
    });
  }
  const channels = Number(fields.get('channel_count') ?? 1);
  const sampleRateHz = Number(fields.get('sample_rate'));
  if (!(Number.isInteger(channels) && channels > 0 && Number.isInteger(sampleRateHz) && sampleRateHz > 0)) {
    throw damagedFile('SPHERE', file, `invalid header: ${channels} channels at ${sampleRateHz} Hz`);
  }
  return { encoding, bits, channels, sampleRateHz, bigEndian: fields.get('sample_byte_format') === '10' };
}
