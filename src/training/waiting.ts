/** @file How long a training waits for its input: audio that is not decoded yet, batches that are not made. */

/** Measures waiting. */
export interface Waiting {
  /** Waits for input, and counts the time. */
  for<T>(input: Promise<T>): Promise<T>;
  /** The share of the time since the last call (or the beginning) that was spent waiting, from 0 to 1. */
  share(): number;
  /** The same of all time since the end of the first call: what is loaded and compiled before does not count. */
  shareInAll(): number;
}

/** @param now the clock, in milliseconds */
export function waitingClock(now: () => number = () => performance.now()): Waiting {
  let [since, waited] = [now(), 0];
  const all = { passed: 0, waited: 0, rounds: 0 };
  return {
    async for(input) {
      const started = now();
      try {
        return await input;
      } finally {
        waited += now() - started;
      }
    },
    share() {
      const passed = now() - since;
      const share = passed > 0 ? Math.min(1, waited / passed) : 0;
      if (all.rounds > 0) {
        all.passed += passed;
        all.waited += waited;
      }
      all.rounds++;
      [since, waited] = [now(), 0];
      return share;
    },
    shareInAll: () => (all.passed > 0 ? Math.min(1, all.waited / all.passed) : 0),
  };
}

/** `input 3 %`, as progress says it. */
export const waitingText = (share: number): string => `input ${Math.round(100 * share)} %`;
