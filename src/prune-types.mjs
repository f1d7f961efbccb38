/** @file Removes the declaration files in `dist` that the package's own types do not reach: the compiler writes one for every module. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const reached = new Set();

/** @param {string} file a declaration file */
async function reach(file) {
  if (reached.has(file)) return;
  reached.add(file);
  const text = await readFile(file, 'utf8');
  const imported = text.matchAll(/(?:from |import\()["'](\.[^"']+)\.js["']/g);
  await Promise.all([...imported].map(([, path]) => reach(join(dirname(file), `${path}.d.ts`))));
}

await reach(join(dist, 'src', 'index.d.ts'));
for (const name of await readdir(dist, { recursive: true })) {
  const file = join(dist, name);
  if (name.endsWith('.d.ts') && !reached.has(file)) await rm(file);
}
