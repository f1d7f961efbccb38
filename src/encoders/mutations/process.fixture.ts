/** @file A process that is asked a line at a time, in an empty folder of its own; one that hangs or dies is replaced. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** No damaged file is worth more. */
const mostSeconds = 5;

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
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'hung'>((resolve) => {
        timer = setTimeout(() => resolve('hung'), mostSeconds * 1000);
      });
      const answer = await Promise.race([lines?.next(), late]);
      clearTimeout(timer);
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
