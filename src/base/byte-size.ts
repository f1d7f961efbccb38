/** @file Sizes in bytes as people write and read them. */
import { UserError } from './errors.js';

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/**
 * Bytes of a size as people write it: `200GB`, `1.5 TB`, `512MiB`, `0`.
 * @throws UserError for anything else
 */
export function parseByteSize(text: string, option: string): number {
  const [, number, unit = ''] = /^\s*(\d+\.?\d*|\.\d+)\s*([kmgt]i?)?b?\s*$/i.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === undefined || factor === undefined)
    throw new UserError(`${option} '${text}' is not a size`, {
      hint: 'Expected a number and a unit, such as 200GB',
    });
  return Math.round(Number(number) * factor);
}

/** `12.3 GB` */
export function byteText(bytes: number): string {
  const [unit, factor] = (
    [
      ['TB', 1e12],
      ['GB', 1e9],
      ['MB', 1e6],
      ['kB', 1e3],
    ] as const
  ).find(([, size]) => bytes >= size) ?? ['bytes', 1];
  return `${factor === 1 ? bytes : (bytes / factor).toFixed(1)} ${unit}`;
}
