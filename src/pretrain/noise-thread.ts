/** @file A thread that draws the noise of steps to come. */
import { threadWork } from '../base/threads.js';
import type { PretrainConfig } from './config.js';
import { noiseNumbers } from './draws.js';

/** Numbers from the first on. */
export interface NoiseRequest {
  readonly config: PretrainConfig;
  readonly step: number;
  readonly count: number;
}

export const drawNoise = async ({ config, step, count }: NoiseRequest): Promise<Float32Array> =>
  noiseNumbers(config, step, 0, count);

export default threadWork(drawNoise, ({ buffer }) => [buffer as ArrayBuffer]);
