/** @file Work on threads (Tinypool), where the program is compiled. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { kTransferable, kValue, Tinypool } from 'tinypool';
import { messageOf, UserError } from './errors.js';

export interface Threads<Request, Result> {
  /**
   * What the threads' work makes of a request; requests wait for a thread that has nothing to do.
   * @param handOver memory that is moved to the thread instead of copied
   */
  run(request: Request, handOver?: readonly ArrayBuffer[]): Promise<Result>;
  /** Ends the threads; what waits is rejected. */
  close(): Promise<void>;
}

/** What a thread answers: an error that crosses threads loses its kind. */
type Answer<Result> =
  | { readonly result: Result }
  | { readonly failure: string; readonly exitCode: 1 | 2 | undefined };

/**
 * The default export of a thread's module.
 * @param handOver memory of a result that is moved instead of copied
 */
export function threadWork<Request, Result>(
  work: (request: Request) => Promise<Result>,
  handOver: (result: Result) => readonly ArrayBuffer[] = () => [],
): (request: Request) => Promise<object> {
  return async (request) => {
    try {
      const result = await work(request);
      const answer: Answer<Result> = { result };
      return Tinypool.move({ [kTransferable]: handOver(result), [kValue]: answer });
    } catch (error) {
      const exitCode = error instanceof UserError ? error.exitCode : undefined;
      return { failure: messageOf(error), exitCode } satisfies Answer<Result>;
    }
  };
}

/**
 * Threads that do what a module's default export says.
 * @param entry the compiled module; its default export is made by `threadWork`
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
    run: async (request, handOver = []) => {
      const answer = (await pool.run(request, { transferList: [...handOver] })) as Answer<Result>;
      if ('result' in answer) return answer.result;
      const { failure, exitCode } = answer;
      throw exitCode === undefined ? new Error(failure) : new UserError(failure, { exitCode });
    },
    close: () => pool.destroy(),
  };
}

/** The same without threads. */
export function inThisThread<Request, Result>(
  work: (request: Request) => Promise<Result>,
): Threads<Request, Result> {
  return { run: work, close: () => Promise.resolve() };
}
