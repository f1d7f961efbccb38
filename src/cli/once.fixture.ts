/** @file What several test files of a run need, made by the first that asks. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { lockPath, takeLock } from '../base/lock.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the program is compiled to, and packed: see `test/compiled.setup.ts`. */
    compiledFolder: string;
  }
}

/**
 * Makes something in the folder that all test files share; who comes later waits for it.
 * @returns that folder
 */
export async function madeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = inject('compiledFolder');
  const whole = join(folder, `${name}.made`);
  while (!existsSync(whole)) {
    const lock = await takeLock(lockPath(folder, name));
    if (lock === undefined) {
      await sleep(100);
      continue;
    }
    try {
      if (existsSync(whole)) break;
      await make(folder);
      await writeFile(whole, '');
    } finally {
      await lock.release();
    }
  }
  return folder;
}
