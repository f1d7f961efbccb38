/** @file Opus in Ogg (RFC 7845): how long packets are; decoded by libopus compiled to WebAssembly. */
import { oggPages, packetJoiner } from './ogg-pages.js';
import { silently } from './silent.js';
import type { ByteSource } from './source.js';

/** Header packets in front of the audio: identification, comments. */
export const opusHeaders = 2;
/** What every Opus stream is decoded to. */
export const opusRateHz = 48000;

const packetsAtOnce = 256;

/** What the identification header says. */
export function opusHead(packet: Uint8Array) {
  if (packet.length < 19) throw new Error('its header is cut short');
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const channels = view.getUint8(9);
  const mapped = view.getUint8(18) !== 0;
  if (channels === 0 || (!mapped && channels > 2)) throw new Error(`invalid header: ${channels} channels`);
  if (mapped && packet.length < 21 + channels) throw new Error('its header is cut short');
  return {
    channels,
    preSkip: view.getUint16(10, true),
    // In 1/256 dB.
    gain: 10 ** (view.getInt16(16, true) / (20 * 256)),
    streamCount: mapped ? view.getUint8(19) : 1,
    coupledStreamCount: mapped ? view.getUint8(20) : channels - 1,
    channelMappingTable: mapped ? [...packet.subarray(21, 21 + channels)] : [0, 1].slice(0, channels),
  };
}

/** Samples of a frame at 48 kHz by the configuration in a packet's first byte (RFC 6716, table 2). */
const frameSamples = [
  ...Array.from({ length: 3 }, () => [480, 960, 1920, 2880]).flat(),
  ...Array.from({ length: 2 }, () => [480, 960]).flat(),
  ...Array.from({ length: 4 }, () => [120, 240, 480, 960]).flat(),
];

/** How many samples a packet holds at 48 kHz. */
export function opusSamples(packet: Uint8Array): number {
  const [first, second = 0] = packet;
  if (first === undefined) return 0;
  const frames = [1, 2, 2, second & 63][first & 3] as number;
  return frames * (frameSamples[first >> 3] as number);
}

/** The samples of every channel of one stream at 48 kHz, piece by piece, with the encoder's delay at their start. */
export async function* opusPieces(
  source: ByteSource,
  { serial, begin, end }: { readonly serial: number; readonly begin: number; readonly end: number },
): AsyncGenerator<readonly Float32Array[]> {
  const packetsOf = packetJoiner();
  const packets: Uint8Array[] = [];
  let headers = 0;
  let decoder: InstanceType<typeof import('opus-decoder')['OpusDecoder']> | undefined;
  let loudness = 1;
  const decoded = (): readonly Float32Array[] => {
    const waiting = packets.splice(0);
    const opened = decoder;
    if (opened === undefined) throw new Error('it has no header');
    const { channelData, samplesDecoded, errors } = silently(() => opened.decodeFrames(waiting));
    if (errors[0] !== undefined) throw new Error(errors[0].message);
    return channelData.map((channel) => scaled(channel.subarray(0, samplesDecoded), loudness));
  };
  try {
    for await (const page of oggPages(source, begin, end)) {
      if (page.serial !== serial) continue;
      for (const packet of packetsOf(page)) {
        if (headers++ === 0) {
          const { OpusDecoder } = await import('opus-decoder');
          const { gain, preSkip: _, ...layout } = opusHead(packet);
          loudness = gain;
          decoder = new OpusDecoder({ ...layout, preSkip: 0 });
          await decoder.ready;
        } else if (headers > opusHeaders && packet.length > 0) packets.push(packet);
      }
      if (packets.length >= packetsAtOnce) yield decoded();
    }
    if (packets.length > 0) yield decoded();
  } finally {
    decoder?.free();
  }
}

const scaled = (samples: Float32Array, gain: number): Float32Array =>
  gain === 1 ? samples : samples.map((sample) => sample * gain);
