/**
 * @file Runs folders of field cases (each a kind of input that people met, with a README that says the right outcome)
 * against the compiled program, and prints a line a case.
 *
 *     npm run build && EHMAM_CASES=FOLDER node test/cases/run.mjs [NAME ...]
 *
 * Exit code 1 where a case has another outcome, or the folder holds one that is not known here.
 */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cases } from './outcomes.mjs';

const source = process.env.EHMAM_CASES;
if (source === undefined) {
  console.error('EHMAM_CASES must name the folder of the cases');
  process.exit(2);
}

const wanted = process.argv.slice(2);
const entries = await readdir(source, { withFileTypes: true });
const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
let failed = 0;
for (const name of names.sort()) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const outcome = cases[name];
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-case-'));
  await cp(join(resolve(source), name), folder, { recursive: true, verbatimSymlinks: true });
  let said = 'no outcome is known here';
  try {
    said = outcome === undefined ? said : await outcome(folder);
  } catch (error) {
    said = error instanceof Error ? error.message : String(error);
  }
  await rm(folder, { recursive: true, force: true });
  if (said !== undefined) failed++;
  console.log(said === undefined ? `ok      ${name}` : `FAILED  ${name}: ${said.replaceAll(/\s+/g, ' ')}`);
}
console.log(failed === 0 ? 'all cases have the right outcome' : `${failed} cases have another outcome`);
process.exit(failed === 0 ? 0 : 1);
