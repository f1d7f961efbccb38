/** @file The noise of steps to come, drawn on threads while the last step is computed. */
import { startThreads, type Threads } from '../base/threads.js';
import { frameCount } from '../encoders/families/ehmam.js';
import { cropsOf, type PretrainConfig } from './config.js';
import { noiseNumbers } from './draws.js';
import type { NoiseRequest } from './noise-thread.js';
import { cropSamples } from './update.js';

/** Steps whose noise is drawn before they come. */
const stepsAhead = 3;
/** More than the last step took: how much is masked changes slowly. */
const margin = 1.1;

export interface NoiseAhead {
  /** The numbers of a step's masked frames; draws those of the next ones meanwhile. */
  of(step: number, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Draws noise ahead. How many numbers a step takes is known when the teacher has seen it: what was not drawn by then is drawn
 * where it is asked for. So the numbers are a step's own, however many were expected.
 * @param threads that draw (without any, and run from the TypeScript sources: none is drawn ahead)
 */
export function noiseAhead(config: PretrainConfig, threads: number): NoiseAhead {
  const pool: Threads<NoiseRequest, Float32Array> | undefined =
    config.masking.noise === 0
      ? undefined
      : startThreads(new URL('./noise-thread.js', import.meta.url), threads);
  const drawing = new Map<number, Promise<Float32Array>>();
  const sizeOf = (step: number): number =>
    cropsOf(config.batch) * frameCount(config.encoder, cropSamples(config, step)) * config.encoder.width;
  return {
    async of(step, count) {
      const started = drawing.get(step);
      drawing.delete(step);
      const share = Math.min(1, (margin * count) / sizeOf(step));
      for (let next = step + 1; pool !== undefined && next <= step + stepsAhead; next++) {
        if (drawing.has(next)) continue;
        // In pairs.
        const request = { config, step: next, count: 2 * Math.ceil((share * sizeOf(next)) / 2) };
        const numbers = pool.run(request);
        // Who awaits it gets the error; one that nobody awaits any more must not end the process.
        numbers.catch(() => undefined);
        drawing.set(next, numbers);
      }
      const drawn = (await started) ?? new Float32Array();
      if (drawn.length >= count) return drawn.subarray(0, count);
      const all = new Float32Array(count);
      all.set(drawn);
      all.set(noiseNumbers(config, step, drawn.length, count - drawn.length), drawn.length);
      return all;
    },
    close: async () => pool?.close(),
  };
}
