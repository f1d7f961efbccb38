/** @file What `ehmam setup` can install as packages of npm; `cuda` is found or downloaded by `cuda.ts`. */
import type { NativeLibrary } from '../../base/native-library.js';

/** One piece of a set: a package of npm with or without its own install script, or that script of one that is installed. */
export interface Piece {
  readonly library: NativeLibrary;
  readonly does: 'install' | 'install with its script' | 'run its script';
  /** Where a library is that its script would download. */
  readonly from?: string | undefined;
}

export const setNames = ['tensorflow', 'cuda', 'onnx'] as const;
export type SetName = (typeof setNames)[number];

/** The script of ONNX Runtime downloads its CUDA libraries and nothing else: `onnx` leaves it out. */
const sets = {
  tensorflow: [{ library: '@tensorflow/tfjs-node', does: 'install with its script' }],
  onnx: [{ library: 'onnxruntime-node', does: 'install' }],
} as const satisfies Readonly<Record<Exclude<SetName, 'cuda'>, readonly Piece[]>>;

/** The pieces of a set. */
export function piecesOf(set: keyof typeof sets): readonly Piece[] {
  return sets[set];
}
