/** @file What is missing for CUDA, by the part that it belongs to. */
import { together, UserError } from '../../base/errors.js';

export type CudaPart = 'driver' | 'library' | 'toolkit' | 'cuDNN';

export interface CudaProblem {
  readonly part: CudaPart;
  readonly what: string;
  readonly hint: string;
}

/** Problems as one error (exit code 1), a line each. */
export function cudaError(problems: readonly CudaProblem[]): UserError {
  return together(problems.map(({ what, hint }) => new UserError(what, { exitCode: 1, hint })));
}
