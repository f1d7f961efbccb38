/** @file Convolutions as fairseq's settings name them. */
import { UserError } from '../../base/errors.js';

/** A specification names so many convolutions at most. */
const mostConvolutions = 64;

/**
 * Reads '[(512, 10, 5)] + [(512,3,2)] * 4' without running it.
 * @param setting where it stands
 * @throws UserError for anything else
 */
export function convLayers(spec: string, setting: string, file: string): [number, number, number][] {
  return spec.split('+').flatMap((part) => {
    const match =
      /^\s*\[\s*((?:\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)\s*(?:,\s*)?)+)\]\s*(?:\*\s*(\d+))?\s*$/.exec(part);
    if (match === null) throw new UserError(`invalid value for '${setting}': '${spec}'`, { file });
    const layers = [...(match[1] as string).matchAll(/\((.*?)\)/g)].map((tuple) => {
      const [width, taps, stride] = (tuple[1] as string).split(',').map(Number);
      return [width, taps, stride] as [number, number, number];
    });
    const times = Number(match[2] ?? 1);
    if (times * layers.length > mostConvolutions)
      throw new UserError(`invalid value for '${setting}': '${spec}' has too many convolutions`, { file });
    return Array.from({ length: times }, () => layers).flat();
  });
}
