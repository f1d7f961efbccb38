/** @file Work on threads (Tinypool), where the program is compiled. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';

export interface Threads<Request, Result> {
  /**
   * What the threads' function makes of a request; requests wait for a thread that has nothing to do.
   * @param handOver memory that is moved to the thread instead of copied
   */
  run(request: Request, handOver?: readonly ArrayBuffer[]): Promise<Result>;
  /** Ends the threads; what waits is rejected. */
  close(): Promise<void>;
}

/**
 * Threads that do what the module's default export says.
 * @param entry the compiled module; its default export is a function of a request
 * @returns undefined without threads, or run from the TypeScript sources (by a test runner): there is no JavaScript then
 */
export function startThreads<Request, Result>(
  entry: URL,
  threads: number,
): Threads<Request, Result> | undefined {
  if (threads < 1 || !existsSync(fileURLToPath(entry))) return undefined;
  const pool = new Tinypool({
    filename: entry.href,
    minThreads: threads,
    maxThreads: threads,
    isolateWorkers: false,
    // A thread that waits for its next request must go on with what it does meanwhile.
    useAtomics: false,
  });
  return {
    run: (request, handOver = []) => pool.run(request, { transferList: [...handOver] }) as Promise<Result>,
    close: () => pool.destroy(),
  };
}
