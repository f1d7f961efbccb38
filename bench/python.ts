/** @file Python as a competitor: a process that answers a line of JSON for each line it is given. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface PythonProcess {
  /** What the process said when it was ready. */
  readonly greeting: Readonly<Record<string, unknown>>;
  ask(line: string): Promise<Record<string, unknown>>;
  close(): void;
}

/**
 * Starts a script of this folder; undefined where Python ($EHMAM_PYTHON, default python3) cannot import torch.
 * @param script its file name; benchmarks run from `dist/bench`
 */
export async function startPython(
  script: string,
  words: readonly string[],
  threads: number,
): Promise<PythonProcess | undefined> {
  const python = process.env.EHMAM_PYTHON ?? 'python3';
  const importable = await promisify(execFile)(python, ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
  if (!importable) return undefined;
  const file = fileURLToPath(new URL(`../../bench/${script}`, import.meta.url));
  const child = spawn(python, [file, ...words], {
    env: {
      ...process.env,
      OMP_NUM_THREADS: String(threads),
      MKL_NUM_THREADS: String(threads),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  });
  const answer = answersOf(child);
  return {
    greeting: await answer(),
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    close: () => child.stdin.end(),
  };
}

/** Answers are JSON lines, in the order of the questions. */
function answersOf(child: ChildProcessWithoutNullStreams): () => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  return async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error(`Python ended: ${complaint.trim()}`);
    return JSON.parse(value) as Record<string, unknown>;
  };
}
