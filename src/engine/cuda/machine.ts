/** @file What the search for CUDA asks of a machine: its environment, files of the system, answers of its programs. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { namesIn } from '../../base/files.js';
import { npmOrtFile } from '../ort/library.js';

export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A folder in front of the system's paths; `/` but for tests. */
  readonly root: string;
  /** Where onnxruntime-node has its libraries; undefined where it is not installed, or has none for this system. */
  readonly onnxruntime: string | undefined;
  /** What a program prints; undefined where it is missing or fails. */
  run(program: string, words: readonly string[]): string | undefined;
}

/** A program that hangs (a driver in trouble does that) is given up. */
const timeoutMilliseconds = 10_000;

export const thisMachine: Machine = {
  environment: process.env,
  root: '/',
  get onnxruntime() {
    const file = npmOrtFile();
    return file && dirname(file);
  },
  run: (program, words) => {
    const { status, stdout } = spawnSync(program, words, { encoding: 'utf8', timeout: timeoutMilliseconds });
    return status === 0 ? stdout : undefined;
  },
};

/** Paths that match a pattern whose parts may contain one `*` each, in the order of their names, the newest version first. */
export function matching(folder: string, pattern: string): string[] {
  return pattern.split('/').reduce<string[]>(
    (places, part) =>
      places.flatMap((place) => {
        if (!part.includes('*')) return existsSync(join(place, part)) ? [join(place, part)] : [];
        const [before = '', behind = ''] = part.split('*');
        return namesIn(place)
          .filter(
            (name) =>
              name.startsWith(before) &&
              name.endsWith(behind) &&
              name.length >= before.length + behind.length,
          )
          .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
          .map((name) => join(place, name));
      }),
    [folder],
  );
}
