/** @file Random moments for tests that kill: new ones each time, told so that a failure can be repeated. */
import { type RandomStream, randomStream } from './random.js';

/** A stream whose seed is $EHMAM_TEST_SEED, else the time; it is printed. */
export function randomMoments(purpose: string): RandomStream {
  const seed = Number(process.env.EHMAM_TEST_SEED ?? Date.now());
  if (!Number.isInteger(seed)) throw new Error(`EHMAM_TEST_SEED=${seed} is not a whole number`);
  process.stderr.write(`random ${purpose}: again with EHMAM_TEST_SEED=${seed}\n`);
  return randomStream(seed, purpose);
}
