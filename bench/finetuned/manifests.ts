/** @file The manifests of fine-tuning on ten minutes of a corpus: drawn training lines, dev and test as they are. */
import { join, relative, resolve } from 'node:path';
import { randomStream } from '../../src/base/random.js';
import { loadUtterances, type ManifestRow, type Utterance, writeManifest } from '../../src/data/manifest.js';
import type { MiniSuite } from '../../src/data/mini/build.js';
import type { Row } from '../recorded/manifests.js';

const limitSeconds = 600;

/** How many words of the Dutch lines may stand in training and test alike: articles, pronouns, auxiliaries and their like. */
const commonWords = 100;

type TimedRow = Pick<Utterance, 'id' | 'split' | 'durationSeconds'>;

/** Training rows drawn until there is so much audio, in the order of the manifest; all rows of other splits. */
export function limited<R extends TimedRow>(rows: readonly R[], seconds: number): R[] {
  const train = rows.filter(({ split }) => split === 'train');
  const chosen = new Set<string>();
  let sum = 0;
  for (const { id, durationSeconds = 0 } of randomStream(1, 'limited').shuffle([...train])) {
    if (sum + durationSeconds > seconds) continue;
    sum += durationSeconds;
    chosen.add(id);
  }
  return rows.filter(({ id, split }) => split !== 'train' || chosen.has(id));
}

/** All rows but those of training that say a word of the test split, the most frequent words of training aside. */
export function withoutTestWords(rows: readonly Row[], most: number): Row[] {
  const counts = new Map<string, number>();
  for (const row of rows)
    if (row.split === 'train') for (const word of wordsOf(row)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const order = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const common = new Set(order.slice(0, most).map(([word]) => word));
  const held = new Set(rows.filter(({ split }) => split === 'test').flatMap(wordsOf));
  for (const word of common) held.delete(word);
  return rows.filter((row) => row.split !== 'train' || !wordsOf(row).some((word) => held.has(word)));
}

const wordsOf = ({ text = '' }: Row): string[] => String(text).split(' ');

/** Writes `asr-dutch-10m.csv` beside the manifest of all Dutch lines. */
export async function writeDutchManifest(rows: readonly Row[], folder: string): Promise<void> {
  const chosen = limited(withoutTestWords(rows, commonWords), limitSeconds);
  await writeManifest(
    join(folder, 'asr-dutch-10m.csv'),
    chosen.map(({ durationSeconds: _, ...row }) => row),
  );
}

/** Writes `asr-10m.csv` and `pretrain.csv` into a folder: their audio stays where the corpus has it. */
export async function writeMiniManifests({ tasks, pretrain }: MiniSuite, work: string): Promise<void> {
  const asr = limited(await loadUtterances(tasks.asr), limitSeconds);
  await writeManifest(
    join(work, 'asr-10m.csv'),
    asr.map((row) => rowFrom(work, row)),
  );
  const speech = await loadUtterances(pretrain);
  await writeManifest(
    join(work, 'pretrain.csv'),
    speech.map((row) => rowFrom(work, row)),
  );
}

function rowFrom(work: string, { id, path, split, columns }: Utterance): ManifestRow {
  return { ...columns, id, split, path: relative(resolve(work), path).replaceAll('\\', '/') };
}
