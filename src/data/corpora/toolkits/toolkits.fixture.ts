/** @file A folder for a test of a toolkit's corpus, and what `prepare` makes of the files in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { readUtterance } from '../../audio.js';
import { loadUtterances, type Utterance } from '../../manifest.js';
import { writeTree } from '../miniatures.fixture.js';
import type { PreparedCorpus } from '../prepare.js';
import { prepareToolkit, type ToolkitRequest, toolkits } from './index.js';

/** By test/fixtures/scripts/toolkits.py. */
export const fixtures = resolve('test/fixtures/toolkits');

let base = '';

/** Gives every test of a file an empty folder. */
export function useFolder(): void {
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'ehmam-toolkits-'));
  });
  afterEach(() => rm(base, { recursive: true, force: true }));
}

/** A path in the test's folder. */
export const at = (path: string): string => join(base, path);

/** Writes files below the test's folder: texts, or seconds of speech. */
export const files = (tree: Readonly<Record<string, string | number>>): Promise<void> =>
  writeTree(base, tree);

/** Prepares a toolkit's files, and loads the manifest. */
export async function prepare(
  name: string,
  inputs: readonly string[],
  options: Partial<ToolkitRequest> = {},
): Promise<PreparedCorpus & { readonly rows: readonly Utterance[] }> {
  const toolkit = toolkits.find((each) => each.name === name);
  if (toolkit === undefined) throw new Error(`no toolkit ${name}`);
  const prepared = await prepareToolkit(toolkit, { inputs, out: at('manifests'), quiet: true, ...options });
  const rows = await loadUtterances(at(`manifests/${name}.csv`));
  return { ...prepared, rows };
}

/** What a row says: its cells that are filled, but for the path. */
export function said({ columns }: Utterance): Record<string, string> {
  const { path: _, ...rest } = columns;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''));
}

/** Samples of each row, at 16 kHz. */
export async function lengths(rows: readonly Utterance[]): Promise<number[]> {
  const all: number[] = [];
  for (const row of rows) all.push((await readUtterance(row)).length);
  return all;
}
