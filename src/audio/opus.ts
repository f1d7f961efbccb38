/** @file Ogg Opus: packets taken out of their pages and decoded by libopus compiled to WebAssembly (RFC 7845). */
import type { ByteSource } from './source.js';

/** A page is at most 27 + 255 + 255 * 255 bytes long. */
export const longestPage = 65307;
const packetsAtOnce = 256;

/** The samples of every channel at 48 kHz, piece by piece, without the encoder's delay. */
export async function* opusPieces(source: ByteSource): AsyncGenerator<readonly Float32Array[]> {
  const packets = oggPackets(source);
  const head = (await packets.next()).value;
  if (head === undefined || head.length < 19) throw new Error('its header is cut short');
  const { OpusDecoder } = await import('opus-decoder');
  const { gain, ...layout } = layoutOf(head);
  const decoder = new OpusDecoder(layout);
  try {
    await decoder.ready;
    await packets.next(); // The comments.
    let waiting: Uint8Array[] = [];
    const decoded = (): readonly Float32Array[] => {
      const { channelData, samplesDecoded, errors } = decoder.decodeFrames(waiting);
      waiting = [];
      if (errors[0] !== undefined) throw new Error(errors[0].message);
      return channelData.map((channel) => scaled(channel.subarray(0, samplesDecoded), gain));
    };
    for await (const packet of packets) {
      if (waiting.push(packet) === packetsAtOnce) yield decoded();
    }
    if (waiting.length > 0) yield decoded();
  } finally {
    decoder.free();
  }
}

function layoutOf(head: Uint8Array) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const channels = view.getUint8(9);
  const mapped = view.getUint8(18) !== 0;
  if (mapped && head.length < 21 + channels) throw new Error('its header is cut short');
  return {
    channels,
    preSkip: view.getUint16(10, true),
    // In 1/256 dB.
    gain: 10 ** (view.getInt16(16, true) / (20 * 256)),
    streamCount: mapped ? view.getUint8(19) : 1,
    coupledStreamCount: mapped ? view.getUint8(20) : channels - 1,
    channelMappingTable: mapped ? [...head.subarray(21, 21 + channels)] : [0, 1].slice(0, channels),
  };
}

const scaled = (samples: Float32Array, gain: number): Float32Array =>
  gain === 1 ? samples : samples.map((sample) => sample * gain);

/** Packets in order; pages must follow each other without a gap. */
async function* oggPackets(source: ByteSource): AsyncGenerator<Uint8Array, undefined> {
  let begun: Uint8Array[] = [];
  let window: Uint8Array = new Uint8Array();
  let from = 0;
  for (let offset = 0, sequence = 0; offset < source.bytes; sequence++) {
    if (offset + longestPage > from + window.length && from + window.length < source.bytes) {
      window = await source.read(offset, 4 * longestPage);
      from = offset;
    }
    const page = window.subarray(offset - from);
    const sizes = page.subarray(27, 27 + (page[26] ?? 0));
    const end = 27 + sizes.length + sizes.reduce((sum, size) => sum + size, 0);
    if (String.fromCharCode(...page.subarray(0, 4)) !== 'OggS' || end > page.length)
      throw new Error('a page is damaged');
    if (new DataView(page.buffer, page.byteOffset).getUint32(18, true) !== sequence)
      throw new Error('a page is missing');
    let at = 27 + sizes.length;
    for (const size of sizes) {
      begun.push(page.subarray(at, at + size));
      at += size;
      // A segment of full size says that its packet goes on.
      if (size === 255) continue;
      const [only, ...others] = begun;
      yield others.length === 0 ? (only as Uint8Array) : Buffer.concat(begun);
      begun = [];
    }
    offset += end;
  }
  return undefined;
}
