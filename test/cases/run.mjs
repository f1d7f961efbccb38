/**
 * @file Runs field cases (each a kind of input that people met, with its right outcome) against the compiled program, and
 * prints a line a case and their counts.
 *
 *     npm run build && node test/cases/run.mjs [NAME ...]
 *
 * Inputs are our own (`inputs.mjs`), or those of $EHMAM_CASES: a folder of a folder a case. Exit code 1 where a case has another
 * outcome, or a folder holds one that is not known here.
 */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ownCases, writeInput } from './inputs.mjs';
import { cases } from './outcomes.mjs';

const source = process.env.EHMAM_CASES;
const wanted = process.argv.slice(2);

async function namesIn(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** What is wrong with a case; undefined where its outcome is right. */
async function judged(name) {
  const outcome = cases[name];
  if (outcome === undefined) return 'no outcome is known here';
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-case-'));
  try {
    if (source === undefined) await writeInput(name, folder);
    else await cp(join(resolve(source), name), folder, { recursive: true, verbatimSymlinks: true });
    return await outcome(folder);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let [passed, failed] = [0, 0];
for (const name of (source === undefined ? ownCases : await namesIn(source)).sort()) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const said = await judged(name);
  if (said === undefined) passed++;
  else failed++;
  console.log(said === undefined ? `ok      ${name}` : `FAILED  ${name}: ${said.replaceAll(/\s+/g, ' ')}`);
}
console.log(`${passed} cases passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
