/** @file Errors of a runtime that ran out of memory: told so, with what to lower. */
import { messageOf, UserError } from './errors.js';

/** ONNX Runtime's arenas, CUDA and its libraries, the C++ library, TensorFlow.js. */
const texts =
  /failed to allocate memory|out of memory|CUDA (error|failure) 2\b|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|std::bad_alloc|smaller than requested bytes/i;

/** Whether an error says, in words of any of these, that memory ran out. */
export const isOutOfMemory = (error: unknown): boolean => texts.test(messageOf(error));

/**
 * Does work that may need more memory than there is.
 * @param lower what to lower then: `Lower batch.size`
 * @throws UserError (exit code 1) with that hint where memory ran out; else what the work throws
 */
export async function sayingWhatToLower<T>(
  { provider }: { readonly provider: string },
  lower: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError || !isOutOfMemory(error)) throw error;
    const where = provider === 'cpu' ? 'memory' : 'memory of the device';
    const more = provider === 'cuda' ? ', or allow more with --device-memory where that bounds it' : '';
    throw new UserError(`ran out of ${where} (${messageOf(error).split('\n')[0]})`, {
      exitCode: 1,
      hint: `${lower}${more}`,
      cause: error,
    });
  }
}
