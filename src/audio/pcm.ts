/** @file Uncompressed samples, as WAV and SPHERE files hold them: integers, floats, A-law and mu-law. */
import { wantedChannels } from './mono.js';

export interface PcmLayout {
  readonly encoding: 'pcm' | 'float' | 'a-law' | 'mu-law';
  readonly bits: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  /** Default: little-endian. */
  readonly bigEndian?: boolean;
}

/** The bits of a sample that each encoding may have. */
export const bitsOf: Readonly<Record<PcmLayout['encoding'], readonly number[]>> = {
  pcm: [8, 16, 24, 32],
  float: [32, 64],
  'a-law': [8],
  'mu-law': [8],
};

export const frameBytesOf = ({ channels, bits }: PcmLayout): number => (channels * bits) / 8;

/**
 * Whole frames as one channel of floats in [-1, 1].
 * @param channel the one wanted, counted from 1 (default: the mean of all)
 * @throws UserError when there is no such channel
 */
export function samplesOf(
  bytes: Uint8Array,
  layout: PcmLayout,
  channel: number | undefined,
  file: string,
): Float32Array {
  const { channels, bits, encoding, bigEndian } = layout;
  const wanted = wantedChannels(channels, channel, file);
  if (channels === 1 && bits === 16 && encoding === 'pcm' && !bigEndian) return monoOf16Bits(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sampleAt = sampleReader(layout);
  const step = bits / 8;
  const samples = new Float32Array(bytes.length / (channels * step));
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (const each of wanted) sum += sampleAt(view, (i * channels + each) * step);
    samples[i] = sum / wanted.length;
  }
  return samples;
}

/** The common case, straight from the bytes. */
function monoOf16Bits(bytes: Uint8Array): Float32Array {
  const samples = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = ((((bytes[2 * i + 1] as number) << 24) >> 16) | (bytes[2 * i] as number)) / 32768;
  }
  return samples;
}

type SampleReader = (view: DataView, at: number) => number;

function sampleReader({ encoding, bits, bigEndian = false }: PcmLayout): SampleReader {
  const little = !bigEndian;
  if (encoding === 'a-law') return (view, at) => (aLaw[view.getUint8(at)] as number) / 32768;
  if (encoding === 'mu-law') return (view, at) => (muLaw[view.getUint8(at)] as number) / 32768;
  if (encoding === 'float') {
    return bits === 32
      ? (view, at) => view.getFloat32(at, little)
      : (view, at) => view.getFloat64(at, little);
  }
  // 8-bit PCM alone is unsigned.
  if (bits === 8) return (view, at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (view, at) => view.getInt16(at, little) / 32768;
  if (bits === 24) {
    return bigEndian
      ? (view, at) => ((view.getInt8(at) << 16) | view.getUint16(at + 1)) / 8388608
      : (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8388608;
  }
  return (view, at) => view.getInt32(at, little) / 2147483648;
}

/** ITU-T G.711: sign, three bits of exponent, four of mantissa; as 16-bit integers. */
const muLaw = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return bits & 128 ? -magnitude : magnitude;
});

const aLaw = Int16Array.from({ length: 256 }, (_, code) => {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return bits & 128 ? magnitude : -magnitude;
});
