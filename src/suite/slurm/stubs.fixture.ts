/** @file Commands that stand in for Slurm's own, and jobs to submit. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArrayJob } from './arrays.js';

/** A key that a letter stands for. */
export const key = (letter: string): string => letter.repeat(64);
export const job = (
  letter: string,
  kind: ArrayJob['kind'],
  needs: string[] = [],
  resources = {},
): ArrayJob => ({
  key: key(letter),
  kind,
  needs: needs.map(key),
  resources,
});

/** A command whose body is given. */
export async function stub(folder: string, command: string, body: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, command), `#!/bin/bash\n${body}\n`);
  await chmod(join(folder, command), 0o755);
}
