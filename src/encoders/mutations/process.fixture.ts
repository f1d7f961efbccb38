/** @file A process that is asked a line at a time, in an empty folder of its own; one that hangs or dies is replaced. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** No damaged file is worth more of a processor; and one that waits for nothing ends, too. */
const [mostProcessorSeconds, mostSeconds] = [5, 120];

export interface AskedProcess<Answer> {
  /** What the process answers to a line: a JSON value in a line. */
  ask(line: string): Promise<Answer | 'hung' | 'crashed'>;
  stop(): void;
}

/** Starts with the first question. */
export function askedProcess<Answer>(script: string, folder: string): AskedProcess<Answer> {
  let child: ChildProcessWithoutNullStreams | undefined;
  let lines: AsyncIterator<string> | undefined;
  const start = (): void => {
    child = spawn(process.execPath, [script], { cwd: folder, env: { ...process.env, HOME: folder } });
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  };
  return {
    async ask(line) {
      if (child === undefined) start();
      child?.stdin.write(`${line}\n`);
      const { hung, stop } = watched(child?.pid ?? 0);
      const answer = await Promise.race([lines?.next(), hung]);
      stop();
      if (answer === 'hung' || answer === undefined || answer.done) {
        child?.kill('SIGKILL');
        child = undefined;
        return answer === 'hung' ? 'hung' : 'crashed';
      }
      return JSON.parse(answer.value) as Answer;
    },
    stop: () => child?.kill(),
  };
}

/** Says when a process has worked or waited too long: on a busy machine a second is no second of work. */
function watched(pid: number): { readonly hung: Promise<'hung'>; readonly stop: () => void } {
  const [started, before] = [Date.now(), processorSeconds(pid)];
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<'hung'>((resolve) => {
    timer = setInterval(() => {
      const worked = processorSeconds(pid) - before;
      if (worked > mostProcessorSeconds || Date.now() - started > mostSeconds * 1000) resolve('hung');
    }, 500);
  });
  return { hung, stop: () => clearInterval(timer) };
}

/** Of a second, what Linux counts processor time in. */
const tick = 1 / 100;

/** What a process has worked so far; 0 where nobody says. */
function processorSeconds(pid: number): number {
  try {
    // Behind the name in brackets, which may hold anything: user and system time are the 12th and 13th field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tick;
  } catch {
    return 0;
  }
}
