/** @file What `ehmam setup` can install, and on which machines. */
import { UserError } from '../../base/errors.js';
import type { NativeLibrary } from '../../base/native-library.js';

/** One piece of a set: a package of npm with or without its own install script, or that script of one that is installed. */
export interface Piece {
  readonly library: NativeLibrary;
  readonly does: 'install' | 'install with its script' | 'run its script';
}

export const setNames = ['tensorflow', 'cuda', 'onnx'] as const;
export type SetName = (typeof setNames)[number];

/** The script of ONNX Runtime downloads its CUDA libraries and nothing else: `onnx` leaves it out. */
const sets: Readonly<Record<SetName, readonly Piece[]>> = {
  tensorflow: [{ library: '@tensorflow/tfjs-node', does: 'install with its script' }],
  cuda: [
    { library: 'onnxruntime-node', does: 'run its script' },
    { library: '@tensorflow/tfjs-node-gpu', does: 'install with its script' },
  ],
  onnx: [{ library: 'onnxruntime-node', does: 'install' }],
};

/**
 * The pieces of a set.
 * @throws UserError for a machine that they do not exist for
 */
export function piecesOf(
  set: SetName,
  { platform, arch }: { readonly platform: string; readonly arch: string } = process,
): readonly Piece[] {
  if (set === 'cuda' && !(platform === 'linux' && arch === 'x64'))
    throw new UserError(`the CUDA libraries exist for Linux on x64 only; this is ${platform} on ${arch}`, {
      hint: 'Use --engine onnx --provider cpu, or webgpu',
    });
  return sets[set];
}
