/** @file The options that choose an engine. */

import { parseByteSize } from '../base/byte-size.js';
import { UserError } from '../base/errors.js';
import { checkDevice, type EngineChoice } from '../engine/choice.js';
import {
  type EngineName,
  engineNames,
  type Precision,
  type ProviderName,
  precisionNames,
  providerNames,
} from '../engine/engine.js';
import { listOf } from './lists.js';

export const engineOptions = {
  engine: { choices: engineNames, default: 'onnx', describe: 'Engine that runs the computations' },
  provider: {
    choices: providerNames,
    describe: 'Device of the engine onnx (default: cpu; tensorflow: cpu, cuda)',
  },
  threads: { type: 'number', describe: 'Number of threads of onnx and tensorflow (default: all cores)' },
  precision: {
    choices: precisionNames,
    describe: 'Precision of products on a CUDA device: tf32 is faster (default: fp32)',
  },
  'device-memory': { type: 'string', describe: 'Most memory to use of a CUDA device: 8GB (default: all)' },
  deterministic: { type: 'boolean', describe: 'On a CUDA device, kernels that repeat to the bit: slower' },
} as const;

/** What the options hold once the command line was read. */
interface EngineWords {
  readonly engine: EngineName;
  readonly provider?: ProviderName | undefined;
  readonly threads?: number | undefined;
  readonly precision?: Precision | undefined;
  readonly 'device-memory'?: string | undefined;
  readonly deterministic?: boolean | undefined;
}

/**
 * What the options say.
 * @throws UserError for a number of threads that is none, and for options that the engine or its device does not have
 */
export function engineSettings(words: EngineWords): EngineChoice {
  const settings = saidOfEngine(words);
  checkDevice(settings);
  return settings;
}

/**
 * What the options say, where a suite may say more of the device.
 * @throws UserError for a number of threads that is none, and for options that the engine does not have
 */
export function saidOfEngine(words: EngineWords): EngineChoice {
  const { engine: name, provider, threads, precision, 'device-memory': memory } = words;
  const { deterministic } = words;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new UserError(`--threads ${threads}: expected a whole number, 1 or more`);
  }
  if (name === 'tensorflow' && provider === 'webgpu')
    throw new UserError('--provider webgpu does not apply to the engine tensorflow', {
      hint: 'Use --provider cpu or cuda, or --engine onnx',
    });
  const hasSettings = name === 'onnx' || name === 'tensorflow';
  if (!hasSettings && ((provider ?? 'cpu') !== 'cpu' || threads !== undefined)) {
    throw new UserError(`--provider and --threads do not apply to the engine ${name}`, {
      hint: 'Remove them, or use --engine onnx',
    });
  }
  return {
    name,
    ...(provider !== undefined && { provider }),
    ...(threads !== undefined && { threads }),
    ...(precision !== undefined && { precision }),
    ...(deterministic !== undefined && { deterministic }),
    ...(memory !== undefined && { deviceMemory: parseByteSize(memory, '--device-memory') }),
  };
}

/** How many jobs run at a time. */
export const jobsOption = {
  type: 'number',
  describe: 'Number of worker processes (default: chosen from cores and memory)',
} as const;

/** @throws UserError for a number of jobs that is none */
export function jobsOf(jobs: number | undefined): number | undefined {
  if (jobs === undefined || (Number.isInteger(jobs) && jobs > 0)) return jobs;
  throw new UserError(`--jobs ${jobs}: expected a whole number, 1 or more`);
}

/** @throws UserError for what are no numbers of devices */
export function devicesOf(text: string | undefined): readonly number[] | undefined {
  const words = listOf(text, 'devices');
  const wrong = words?.find((word) => !/^\d+$/.test(word));
  if (wrong === undefined) return words?.map(Number);
  throw new UserError(`--devices '${wrong}': expected numbers of CUDA devices, counted from 0, such as 0,1`);
}
