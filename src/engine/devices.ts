/** @file How many CUDA devices a process sees, asked without the CUDA libraries. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Where to look; tests give others. */
export interface DevicePlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder in which NVIDIA's driver lists its devices. */
  readonly driver: string;
  /** What `nvidia-smi -L` prints; undefined where it cannot run. */
  list(): string | undefined;
}

const thisMachine: DevicePlaces = {
  environment: process.env,
  driver: '/proc/driver/nvidia/gpus',
  list() {
    try {
      return execFileSync('nvidia-smi', ['-L'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return undefined;
    }
  },
};

/**
 * The number of devices, which are then counted from 0: those that `CUDA_VISIBLE_DEVICES` names, where it is set (up to the
 * first that is none, as CUDA reads it), else those that the driver lists.
 */
export function visibleDevices(places: DevicePlaces = thisMachine): number {
  const all = devicesOf(places);
  const visible = places.environment.CUDA_VISIBLE_DEVICES;
  if (visible === undefined) return all;
  const names = visible.split(',').map((name) => name.trim());
  const isDevice = (name: string): boolean =>
    /^\d+$/.test(name) ? Number(name) < all : /^(GPU|MIG)-/.test(name) && all > 0;
  const end = names.findIndex((name) => !isDevice(name));
  return end < 0 ? names.length : end;
}

function devicesOf({ driver, list }: DevicePlaces): number {
  try {
    return readdirSync(driver).length;
  } catch {
    return list()?.match(/^GPU \d+:/gm)?.length ?? 0;
  }
}

/** So many devices, in words. */
export const countOfDevices = (count: number): string =>
  count === 0 ? 'no CUDA device' : `${count} CUDA device${count === 1 ? '' : 's'}`;

/** What to do where a device was named that is not among so many. */
export const hintOfDevices = (count: number): string =>
  count === 0
    ? "Check 'nvidia-smi -L' and CUDA_VISIBLE_DEVICES"
    : `Choose from ${Array.from({ length: count }, (_, device) => device).join(', ')}`;
