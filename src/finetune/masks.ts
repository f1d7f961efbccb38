/** @file Random spans of frames and channels that fine-tuning masks, as fairseq's compute_mask_indices draws them. */
import { float32, type HostTensor } from '../base/host-tensor.js';
import { type RandomKey, type RandomStream, randomStream } from '../base/random.js';

export interface Spans {
  /** The share that spans would cover if none overlapped. */
  readonly probability: number;
  readonly span: number;
}

/**
 * Spans for the rows of a batch: int(probability length / span + u) of them, u uniform in [0, 1), at starts without
 * replacement in [0, length - span). They may overlap; then so many places are given back at random that all rows mask as many
 * as the one that masks fewest. A row is never masked whole.
 * @param lengths places of each row
 * @param least spans that a row has at least
 * @param shared whether all rows have the same u (fairseq's rows without padding)
 * @returns of each row, 1 where masked
 */
export function spanMasks(
  lengths: readonly number[],
  { probability, span }: Spans,
  { least, shared }: { readonly least: number; readonly shared: boolean },
  random: RandomStream,
): Uint8Array[] {
  if (probability === 0) return lengths.map((length) => new Uint8Array(length));
  const common = random.uniform();
  const chosen = lengths.map((length) => {
    const u = shared ? common : random.uniform();
    const spans = Math.max(least, Math.floor((probability * length) / span + u));
    return masked(length, startsOf(length, span, spans, random), span, random);
  });
  const fewest = Math.min(...chosen.map((places) => places.length));
  return chosen.map((places, row) => {
    const mask = new Uint8Array(lengths[row] as number);
    const kept = places.length === fewest ? places : random.shuffle(places).slice(0, fewest);
    for (const place of kept) mask[place] = 1;
    return mask;
  });
}

/** Where spans start. Where there is no room for so many different starts, they may lie nearer to the end than a span. */
function startsOf(length: number, span: number, spans: number, random: RandomStream): number[] {
  const places = length - span > spans ? length - span : spans + 1;
  return random.shuffle(Array.from({ length: places }, (_, i) => i)).slice(0, spans);
}

/** The places under the spans, but for one where they would cover the whole row. */
function masked(length: number, starts: readonly number[], span: number, random: RandomStream): number[] {
  const places = new Set<number>();
  for (const start of starts)
    for (let place = start; place < Math.min(length, start + span); place++) places.add(place);
  if (places.size === length) places.delete(random.integer(length));
  return [...places];
}

/** The masks of a batch: of each row its frames, 1 where masked, and its channels, 1 where they are set to zero. */
export interface BatchMasks {
  readonly frames: readonly Uint8Array[];
  readonly channels: readonly Uint8Array[];
}

/**
 * Draws the masks of a batch: of frames at least one span, of channels as many as it comes to. Spans of channels as long as the
 * whole width are not drawn.
 * @param lengths own frames of each row
 * @param key another one for every batch
 */
export function drawMasks(
  lengths: readonly number[],
  width: number,
  { time, channels }: { readonly time: Spans; readonly channels: Spans },
  key: RandomKey,
): BatchMasks {
  const [seed, purpose, ...counters] = key;
  const drawn = channels.span < width ? channels : { ...channels, probability: 0 };
  return {
    frames: spanMasks(
      lengths,
      time,
      { least: 1, shared: false },
      randomStream(seed, `${purpose} frames`, ...counters),
    ),
    channels: spanMasks(
      lengths.map(() => width),
      drawn,
      { least: 0, shared: true },
      randomStream(seed, `${purpose} channels`, ...counters),
    ),
  };
}

/** Rows as one tensor [rows, length], zeros behind their ends. */
export function maskTensor(rows: readonly Uint8Array[], size: number, length: number): HostTensor {
  const values = new Float32Array(size * length);
  for (const [row, mask] of rows.entries()) values.set(mask, row * length);
  return float32([size, length], values);
}

/**
 * Normal noise where frames are masked, zeros elsewhere: [size, frames, width]. A row's noise is its own, whatever part of the
 * batch it is computed in.
 * @param first the place in the batch of the first row
 */
export function maskNoise(
  rows: readonly Uint8Array[],
  [size, frames, width]: readonly [size: number, frames: number, width: number],
  deviation: number,
  first: number,
  key: RandomKey,
): HostTensor {
  const noise = new Float32Array(size * frames * width);
  const [seed, purpose, ...counters] = key;
  for (const [row, mask] of rows.entries()) {
    const random = randomStream(seed, `${purpose} noise`, ...counters, first + row);
    for (const [frame, bit] of mask.entries()) {
      if (bit === 0) continue;
      const start = (row * frames + frame) * width;
      for (let i = start; i < start + width; i++) noise[i] = random.normal() * deviation;
    }
  }
  return float32([size, frames, width], noise);
}
