/** @file Our side of a duel, in a process of its own: makes a step a line of standard input, answers with JSON. */
import { createInterface } from 'node:readline';

export interface Step {
  readonly seconds: number;
  /** Before the update. */
  readonly loss: number;
}

/**
 * Says that it is ready, then answers `memory` with the peak, and every other line with a step.
 * @param used bytes of a device's memory in use, where steps run on one
 */
export async function answerSteps(
  threads: number,
  step: () => Promise<Step>,
  used?: () => number,
): Promise<void> {
  const answer = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
  answer({ threads });
  for await (const line of createInterface({ input: process.stdin }))
    answer(
      line === 'memory'
        ? { megabytes: process.resourceUsage().maxRSS / 1024, ...(used && { deviceMegabytes: used() / 1e6 }) }
        : await step(),
    );
}
