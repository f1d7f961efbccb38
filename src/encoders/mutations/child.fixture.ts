/** @file A process that loads the SPECs it is given, a line each, and says how each one ended. */
import { createInterface } from 'node:readline';
import { messageOf, mostProblems, UserError } from '../../base/errors.js';
import { peakBytes } from '../../base/peak-memory.fixture.js';
import { loadEncoder } from '../load.js';

export interface Ending {
  readonly outcome: 'loaded' | 'refused' | 'failed';
  readonly message: string;
  /** The process's so far. */
  readonly peakBytes: number;
}

async function endingOf(spec: string): Promise<Ending> {
  try {
    const { hash, recognition } = await loadEncoder(spec);
    await recognition?.();
    return { outcome: 'loaded', message: hash, peakBytes: peakBytes() };
  } catch (error) {
    const refused = error instanceof UserError && error.message.split('\n').length <= mostProblems + 1;
    const message = refused ? messageOf(error) : String((error as Error)?.stack ?? error);
    return { outcome: refused ? 'refused' : 'failed', message, peakBytes: peakBytes() };
  }
}

for await (const spec of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await endingOf(spec))}\n`);
