/** @file Where an MP3's frames lie, to notice that the last one is cut off: a decoder only waits for the rest. */

/** kbit/s of layer III by version and the header's four bits; 0 is a rate that cannot be told. */
const kilobits = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
} as const;
const rates = [44100, 48000, 32000, 0];

/** Bytes of the frame of layer III whose header this is; undefined where it is none, or tells no size. */
export function frameBytes(bytes: Uint8Array, at: number): number | undefined {
  const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
  const version = (b >> 3) & 3;
  if (a !== 0xff || (b & 0xe6) !== 0xe2 || version === 1) return undefined;
  const first = version === 3;
  const rate = (rates[(c >> 2) & 3] as number) / (first ? 1 : version === 2 ? 2 : 4);
  const bits = 1000 * (kilobits[first ? 1 : 2][c >> 4] as number);
  if (rate === 0 || bits === 0) return undefined;
  return Math.floor(((first ? 144 : 72) * bits) / rate) + ((c >> 1) & 1);
}

/** Bytes of the ID3v2 tag that a file begins with. */
export function tagBytes(head: Uint8Array): number {
  if (String.fromCharCode(...head.subarray(0, 3)) !== 'ID3' || head.length < 10) return 0;
  const size = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 127), 0);
  return 10 + size + ((head[5] as number) & 16 ? 10 : 0);
}
