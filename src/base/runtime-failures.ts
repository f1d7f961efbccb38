/** @file Errors of a runtime that ran out of memory or lost its device: told so, with what to do. */
import { messageOf, UserError } from './errors.js';

/** ONNX Runtime's arenas, CUDA and its libraries, the C++ library, TensorFlow.js. */
const outOfMemory =
  /failed to allocate memory|out of memory|CUDA (error|failure) 2\b|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|std::bad_alloc|smaller than requested bytes/i;

/** What CUDA says once a process can do nothing with a device any more (`cudaError_t`), by number or in words; and WebGPU. */
const lost =
  /CUDA (error|failure) (4|46|100|214|700|702|710|716|719|999)\b|driver shutting down|device\(s\) is\/are busy|no CUDA-capable device|uncorrectable ECC|illegal memory access|launch timed out|device-side assert|misaligned address|unspecified launch failure|CU(BLAS|DNN)_STATUS_EXECUTION_FAILED|device (is|was) lost/i;

/** Whether an error says, in words of any of these, that memory ran out. */
export const isOutOfMemory = (error: unknown): boolean => outOfMemory.test(messageOf(error));

/** The device does nothing more for this process; it may do so for another one. */
export class DeviceLost extends UserError {
  constructor(said: string, again: string, cause?: unknown) {
    super(`the device stopped working (${said})`, {
      exitCode: 1,
      hint: `${again}. The system's log says why (NVIDIA: look for Xid in \`dmesg\`)`,
      cause,
    });
  }
}

/** What users may do. */
export interface Remedies {
  /** Where memory ran out: `Lower batch.size` */
  readonly lower: string;
  /** Where the device was lost: `Run the same command with --resume` */
  readonly again: string;
}

/**
 * Does work that may need more memory than there is, on a device that may fail.
 * @throws UserError (exit code 1) with what to do where that happened; else what the work throws
 */
export async function sayingWhatToDo<T>(
  { provider }: { readonly provider: string },
  { lower, again }: Remedies,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const [said = ''] = messageOf(error).split('\n');
    if (isOutOfMemory(error)) {
      const where = provider === 'cpu' ? 'memory' : 'memory of the device';
      const more = provider === 'cuda' ? ', or allow more with --device-memory where that bounds it' : '';
      throw new UserError(`ran out of ${where} (${said})`, {
        exitCode: 1,
        hint: `${lower}${more}`,
        cause: error,
      });
    }
    if (provider !== 'cpu' && lost.test(messageOf(error))) throw new DeviceLost(said, again, error);
    throw error;
  }
}
