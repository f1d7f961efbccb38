/** @file The NVIDIA driver of a machine, and which CUDA it can run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine, thisMachine } from './machine.js';
import type { CudaProblem } from './problem.js';

/** CUDA's major versions that ONNX Runtime is built for. */
export const cudaMajors = [13, 12] as const;
export type CudaMajor = (typeof cudaMajors)[number];

/** The oldest driver of each (NVIDIA's CUDA Toolkit release notes, minor version compatibility on Linux). */
export const oldestDriver: Readonly<Record<CudaMajor, number>> = { 12: 525, 13: 580 };

export interface Driver {
  /** As the kernel module says it: `580.65.06`. */
  readonly version: string;
  readonly major: number;
}

/** The driver that is loaded; undefined without one. */
export function installedDriver(machine: Machine = thisMachine): Driver | undefined {
  const file = join(machine.root, 'proc/driver/nvidia/version');
  const module = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [, told] = /^NVRM version:.*?\s(\d+(?:\.\d+)+)\s/m.exec(module) ?? [];
  const version =
    told ??
    machine.run('nvidia-smi', ['--query-gpu=driver_version', '--format=csv,noheader'])?.split('\n')[0];
  const [, major] = /^(\d+)\./.exec(version?.trim() ?? '') ?? [];
  return version === undefined || major === undefined
    ? undefined
    : { version: version.trim(), major: Number(major) };
}

/** The newest CUDA that a driver can run. */
export function newestCuda(driver: Driver): CudaMajor | undefined {
  return cudaMajors.find((cuda) => driver.major >= oldestDriver[cuda]);
}

/** Why a driver cannot run a CUDA, or undefined. */
export function driverProblem(driver: Driver | undefined, cuda: CudaMajor): CudaProblem | undefined {
  const wanted = `${oldestDriver[cuda]} or newer for CUDA ${cuda}`;
  if (driver === undefined)
    return {
      part: 'driver',
      what: 'no NVIDIA driver is loaded',
      hint: `Install it (${wanted}), give a container its GPU (--gpus all, --nv), or use --provider cpu`,
    };
  if (driver.major >= oldestDriver[cuda]) return undefined;
  const older = newestCuda(driver);
  return {
    part: 'driver',
    what: `the NVIDIA driver ${driver.version} is too old for CUDA ${cuda}: expected ${wanted}`,
    hint:
      older === undefined
        ? 'Update the driver, or use --provider cpu'
        : `Update the driver, or install the library for CUDA ${older}: \`ehmam setup cuda --cuda ${older}\``,
  };
}
