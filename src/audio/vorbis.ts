/** @file Vorbis: how long packets are, told without decoding them; decoded by libvorbis compiled to WebAssembly. */
import { type OggPage, oggPages } from './ogg-pages.js';
import type { ByteSource } from './source.js';

/** Header packets in front of the audio: identification, comments, setup. */
export const vorbisHeaders = 3;

/** What the identification header says. */
export function vorbisHead(packet: Uint8Array): { readonly channels: number; readonly sampleRateHz: number } {
  if (packet.length < 30) throw new Error('its header is cut short');
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  return { channels: view.getUint8(11), sampleRateHz: view.getUint32(12, true) };
}

/**
 * How many samples each packet adds, told in order: a packet's block overlaps with the one before it (Vorbis I, 1.3.2).
 * @param headers the identification and the setup header
 */
export function vorbisSamples(identification: Uint8Array, setup: Uint8Array): (packet: Uint8Array) => number {
  const sizes = identification[28] as number;
  const blocks = [1 << (sizes & 15), 1 << (sizes >> 4)] as const;
  const isLong = longModes(setup);
  const mask = 2 ** Math.ceil(Math.log2(isLong.length)) - 1;
  let before: number | undefined;
  return (packet) => {
    const first = packet[0];
    // Empty packets, and headers, are no audio.
    if (first === undefined || (first & 1) !== 0) return 0;
    const block = blocks[isLong[(first >> 1) & mask] ? 1 : 0];
    const samples = before === undefined ? 0 : (before + block) / 4;
    before = block;
    return samples;
  };
}

/**
 * Which modes have long blocks: the setup header ends with them, and is read from its end (as FFmpeg's vorbis_parser.c
 * does), since their place is known only to who has decoded all that is before.
 */
function longModes(setup: Uint8Array): boolean[] {
  let bit = setup.length * 8;
  const back = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) {
      bit--;
      value = 2 * value + (((setup[bit >> 3] as number) >> (bit & 7)) & 1);
    }
    return value;
  };
  // A bit that says that the header is whole, then each mode: mapping, transform, window (both zero), block.
  const modeBits = 8 + 16 + 16 + 1;
  while (bit > modeBits && back(1) === 0);
  const modes: boolean[] = [];
  let found = 0;
  while (bit >= modeBits + 6 && modes.length < 64) {
    if (back(8) > 63 || back(16) !== 0 || back(16) !== 0) break;
    modes.unshift(back(1) === 1);
    // In front of the first mode stands their number, less one.
    const count = back(6) + 1;
    bit += 6;
    if (count === modes.length) found = count;
  }
  if (found === 0) throw new Error('its setup header is damaged');
  return modes.slice(-found);
}

const bytesAtOnce = 1 << 17;

/** The samples of every channel of one stream, piece by piece. */
export async function* vorbisPieces(
  source: ByteSource,
  { serial, begin, end }: { readonly serial: number; readonly begin: number; readonly end: number },
): AsyncGenerator<readonly Float32Array[]> {
  // Loaded where needed: it brings its WebAssembly along.
  const decoder = new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder();
  try {
    await decoder.ready;
    let waiting: Uint8Array[] = [];
    let bytes = 0;
    for await (const page of oggPages(source, begin, end)) {
      if (page.serial !== serial || page.segments.length === 0) continue;
      waiting.push(openEnded(page));
      bytes += page.bytes.length;
      if (bytes < bytesAtOnce) continue;
      yield pieceOf(await decoder.decode(Buffer.concat(waiting)));
      waiting = [];
      bytes = 0;
    }
    yield pieceOf(await decoder.decode(Buffer.concat(waiting)));
    yield pieceOf(await decoder.flush());
  } finally {
    decoder.free();
  }
}

/** A page that is not the last: the decoder must not cut anything off, since it takes every stream to begin at zero. */
function openEnded({ bytes }: OggPage): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[5] = (copy[5] as number) & ~4;
  return copy;
}

function pieceOf(decoded: {
  readonly channelData: Float32Array[];
  readonly errors: readonly { readonly message: string }[];
}): readonly Float32Array[] {
  if (decoded.errors[0] !== undefined) throw new Error(decoded.errors[0].message);
  return decoded.channelData;
}
