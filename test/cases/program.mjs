/** @file The compiled program that the cases are run against. */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Its modules. */
export const program =
  process.env.EHMAM_PROGRAM ?? fileURLToPath(new URL('../../dist/src/', import.meta.url));

/** One of its modules, by its path from `src`. */
export const load = (path) => import(pathToFileURL(join(program, path)).href);
