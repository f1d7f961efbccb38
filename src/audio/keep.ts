/** @file Keeps the wanted span of a stream that passes piece by piece, so that a long file is never held whole. */
import { type AudioSpan, framesOfSpan } from './source.js';

export interface SpanKeeper {
  /**
   * The next `count` frames of the stream.
   * @param piece gives those of them that are wanted, as one channel
   */
  pass(
    count: number,
    piece: (range: { readonly first: number; readonly count: number }) => Float32Array,
  ): void;
  /**
   * The span, when everything has passed.
   * @param frames how long the stream is (default: as much as has passed)
   * @throws UserError when the stream is empty, or the span does not lie in it or is too long
   */
  finish(frames?: number): Float32Array;
}

/** Starts to keep; more than `longestSeconds` is never held. */
export function keepSpan(span: AudioSpan, sampleRateHz: number, file: string): SpanKeeper {
  const {
    startSeconds = 0,
    mostSeconds = Number.POSITIVE_INFINITY,
    durationSeconds = mostSeconds,
    longestSeconds = durationSeconds,
  } = span;
  const start = Math.max(0, Math.round(startSeconds * sampleRateHz));
  const end = start + Math.ceil(Math.min(durationSeconds, longestSeconds) * sampleRateHz) + 1;
  const pieces: Float32Array[] = [];
  let passed = 0;
  return {
    pass(count, piece) {
      const first = Math.max(0, start - passed);
      const last = Math.min(count, end - passed);
      if (last > first) pieces.push(piece({ first, count: last - first }));
      passed += count;
    },
    finish(frames = passed) {
      const { count } = framesOfSpan(span, frames, sampleRateHz, file);
      const samples = new Float32Array(count);
      let at = 0;
      for (const piece of pieces) {
        samples.set(piece.subarray(0, count - at), at);
        at = Math.min(count, at + piece.length);
      }
      return samples;
    },
  };
}
