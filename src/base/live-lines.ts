/** @file Lines at the bottom of a terminal that are drawn anew as they change; what is said meanwhile stands above them. */

/** Where lines are drawn: a terminal. */
export type Screen = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
};

export interface LiveLines {
  /** Writes a line above the others. */
  say(text: string): void;
  /** Draws a last time and leaves the lines where they are. */
  stop(): void;
}

/** Columns of a terminal that does not say. */
const usualColumns = 80;
const drawMilliseconds = 200;

/** How many columns may be filled: one stays free, since some terminals wrap a line that fills the last one. */
export const columnsOf = ({ columns }: Screen): number => (columns ?? usualColumns) - 1;

/**
 * Draws lines several times a second until it is stopped; until then it keeps the process alive.
 * @param lines without escape codes; those that are too long are cut
 */
export function liveLines(screen: Screen, lines: () => readonly string[]): LiveLines {
  let shown: string | undefined;
  let stopped = false;
  const erased = (): string => {
    if (shown === undefined) return '';
    const up = shown.split('\n').length - 1;
    return `\r${up > 0 ? `\u001b[${up}A` : ''}\u001b[J`;
  };
  const draw = (above = ''): void => {
    const now = lines()
      .map((line) => line.slice(0, columnsOf(screen)))
      .join('\n');
    if (now === shown && above === '') return;
    screen.write(`${erased()}${above}${now}`);
    shown = now;
  };
  draw();
  const timer = setInterval(draw, drawMilliseconds);
  return {
    say(text) {
      if (stopped) screen.write(`${text}\n`);
      else draw(`${text}\n`);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      draw();
      screen.write('\n');
    },
  };
}
