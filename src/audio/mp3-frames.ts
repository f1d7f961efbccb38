/** @file Where an MP3's frames lie: what a decoder makes of a file is checked against them. */

/** kbit/s of layer III by version and the header's four bits; 0 is a rate that cannot be told. */
const kilobits = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
} as const;
const rates = [44100, 48000, 32000, 0];

/** What a frame's header says. */
export interface Mp3Frame {
  readonly layer: 1 | 2 | 3;
  /** Of the frame with its header; undefined where it is free, or of another layer than III. */
  readonly bytes: number | undefined;
  readonly sampleRateHz: number;
  /** Samples a channel, of layer III. */
  readonly samples: number;
}

/** The header of a frame at a place; undefined where there is none. */
export function frameAt(bytes: Uint8Array, at: number): Mp3Frame | undefined {
  const [a, b = 0, c = 0, d] = bytes.subarray(at, at + 4);
  const version = (b >> 3) & 3;
  const layer = 4 - ((b >> 1) & 3);
  const rate = rates[(c >> 2) & 3] as number;
  // Eleven bits of synchronisation; a version, a layer, a rate and an emphasis that are not reserved.
  if (a !== 0xff || (b & 0xe0) !== 0xe0 || version === 1 || layer === 4) return undefined;
  if (rate === 0 || c >> 4 === 15 || d === undefined || (d & 3) === 2) return undefined;
  const first = version === 3;
  const sampleRateHz = rate / (first ? 1 : version === 2 ? 2 : 4);
  const bits = 1000 * (kilobits[first ? 1 : 2][c >> 4] as number);
  const size = Math.floor(((first ? 144 : 72) * bits) / sampleRateHz) + ((c >> 1) & 1);
  return {
    layer: layer as 1 | 2 | 3,
    bytes: layer === 3 && bits > 0 ? size : undefined,
    sampleRateHz,
    samples: first ? 1152 : 576,
  };
}

/** Bytes of the frame of layer III whose header this is; undefined where it is none, or tells no size. */
export function frameBytes(bytes: Uint8Array, at: number): number | undefined {
  return frameAt(bytes, at)?.bytes;
}

/** So many frames in a row are no accident. */
const framesInRow = 3;

/**
 * The first place from `start` on where frames of layer III follow each other at one rate.
 * @param isEnd whether the bytes end where the file does: fewer frames are enough there
 */
export function frameChain(bytes: Uint8Array, start: number, isEnd: boolean): number | undefined {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    let rateHz: number | undefined;
    let place = at;
    for (let count = 1; ; count++) {
      const frame = frameAt(bytes, place);
      if (frame?.bytes === undefined || frame.sampleRateHz !== (rateHz ?? frame.sampleRateHz)) break;
      rateHz = frame.sampleRateHz;
      place += frame.bytes;
      if (count === framesInRow || (isEnd && place === bytes.length)) return at;
    }
  }
  return undefined;
}

/** Bytes of the ID3v2 tag that stands at a place. */
export function tagBytes(bytes: Uint8Array, at = 0): number {
  const head = bytes.subarray(at, at + 10);
  if (String.fromCharCode(...head.subarray(0, 3)) !== 'ID3' || head.length < 10) return 0;
  const size = head.subarray(6, 10).reduce((sum, byte) => sum * 128 + (byte & 127), 0);
  return 10 + size + ((head[5] as number) & 16 ? 10 : 0);
}
