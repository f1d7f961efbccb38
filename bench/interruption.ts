/** @file Ctrl-C in a script that works for minutes. */

/**
 * Aborted by the first Ctrl-C, where a second call can go on; the next one ends the process at once.
 * @param script its name in what is said
 */
export function interruption(script: string): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
      console.error(`${script}: stopping; the same command goes on from what is done`);
    });
  }
  return interrupt.signal;
}
