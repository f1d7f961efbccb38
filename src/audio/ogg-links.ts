/** @file The streams that an Ogg file chains, and how many samples of each are to be heard. */
import { type OggPage, oggPages, packetJoiner } from './ogg-pages.js';
import { opusHead, opusHeaders, opusRateHz, opusSamples } from './opus.js';
import { type ByteSource, checkedRate } from './source.js';
import { vorbisHead, vorbisHeaders, vorbisSamples } from './vorbis.js';

/** One stream of Vorbis or Opus; others may be interleaved with it. */
export interface OggLink {
  readonly codec: 'Vorbis' | 'Opus';
  readonly serial: number;
  /** Its pages lie there. */
  readonly begin: number;
  readonly end: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  /** Decoded samples that are not to be heard, at the start. */
  readonly skipped: number;
  /** Those to be heard. */
  readonly frames: number;
}

/**
 * All streams of a file, one after the other; other kinds than Vorbis and Opus are left out.
 * @throws Error for pages that are damaged or missing, streams without an end, and fewer samples than are promised
 */
export async function oggLinks(source: ByteSource): Promise<OggLink[]> {
  const links: OggLink[] = [];
  let reader: LinkReader | undefined;
  // Streams that are interleaved begin together: before the first page that begins none.
  let areBeginning = false;
  let offset = 0;
  for await (const page of oggPages(source)) {
    if (page.isFirst && !areBeginning) {
      if (reader !== undefined) links.push(reader.link(page.offset));
      reader = undefined;
    }
    areBeginning = page.isFirst;
    if (page.isFirst) reader ??= linkReader(page, source.file);
    if (reader?.serial === page.serial) reader.take(page);
    offset = page.offset + page.bytes.length;
  }
  if (reader !== undefined) links.push(reader.link(offset));
  return links;
}

interface LinkReader {
  readonly serial: number;
  take(page: OggPage): void;
  link(end: number): OggLink;
}

interface Codec {
  readonly codec: OggLink['codec'];
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly headers: number;
  /** The encoder's delay. */
  readonly delay: number;
  /** How many samples an audio packet adds, once all headers are there. */
  samplesOf(headers: readonly Uint8Array[]): (packet: Uint8Array) => number;
}

function codecOf(first: Uint8Array, file: string): Codec | undefined {
  const name = String.fromCharCode(...first.subarray(0, 8));
  if (name === 'OpusHead') {
    const { channels, preSkip: delay } = opusHead(first);
    const fixed = { codec: 'Opus', sampleRateHz: opusRateHz, headers: opusHeaders } as const;
    return { ...fixed, channels, delay, samplesOf: () => opusSamples };
  }
  if (!name.startsWith('\x01vorbis')) return undefined;
  const { channels, sampleRateHz } = vorbisHead(first);
  const samplesOf: Codec['samplesOf'] = ([, , setup]) => vorbisSamples(first, setup ?? first);
  checkedRate(sampleRateHz, file);
  return { codec: 'Vorbis', channels, sampleRateHz, headers: vorbisHeaders, delay: 0, samplesOf };
}

function linkReader(begin: OggPage, file: string): LinkReader | undefined {
  const packetsOf = packetJoiner();
  const codec = codecOf(begin.bytes.subarray(27 + begin.segments.length), file);
  if (codec === undefined) return undefined;
  const headers: Uint8Array[] = [];
  let samplesOf: ((packet: Uint8Array) => number) | undefined;
  let sequence = begin.sequence - 1;
  /** Samples of all packets, and of those behind the last granule position. */
  let [decoded, behind] = [0, 0];
  let start: number | undefined;
  let position = 0;
  let ended = false;

  return {
    serial: begin.serial,
    take(page) {
      // Who joins a stream late gets its headers, then what is being sent.
      const joins = samplesOf !== undefined && decoded === 0 && start === undefined;
      if (page.sequence !== sequence + 1 && !(joins && page.sequence > sequence)) {
        throw new Error('a page is missing');
      }
      sequence = page.sequence;
      ended = page.isLast;
      const before = decoded;
      for (const packet of packetsOf(page)) {
        if (samplesOf !== undefined) decoded += samplesOf(packet);
        else if (headers.push(packet) === codec.headers) samplesOf = codec.samplesOf(headers);
      }
      behind += decoded - before;
      if (page.granule === undefined || samplesOf === undefined || decoded === 0) return;
      // A stream of one page may be cut at its end; any other begins where its first page does.
      start ??= page.isLast ? Math.max(0, page.granule - decoded) : page.granule - decoded;
      position = page.granule;
      behind = 0;
    },
    link(end) {
      const { codec: name, channels, sampleRateHz, delay } = codec;
      const first = name === 'Opus' ? Math.max(0, start ?? 0) : (start ?? 0);
      // What was cut out of a longer stream ends where it was cut.
      if (!ended && first <= 0) throw new Error('its last page is missing');
      const heard = Math.max(0, first);
      const frames = Math.max(0, position + behind - heard - delay);
      const skipped = heard - first + delay;
      if (frames > decoded - skipped) {
        throw new Error(`${Math.max(0, decoded - skipped)} of ${frames} samples could be decoded`);
      }
      return {
        codec: name,
        serial: begin.serial,
        begin: begin.offset,
        end,
        channels,
        sampleRateHz,
        skipped,
        frames,
      };
    },
  };
}
