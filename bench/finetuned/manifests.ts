/** @file The manifests of fine-tuning on the mini corpus: ten minutes of its training sentences, dev and test as they are. */
import { join, relative, resolve } from 'node:path';
import { randomStream } from '../../src/base/random.js';
import { loadUtterances, type ManifestRow, type Utterance, writeManifest } from '../../src/data/manifest.js';
import type { MiniSuite } from '../../src/data/mini/build.js';

const limitSeconds = 600;

/** Training rows drawn until there is so much audio, in the order of the manifest; all rows of other splits. */
export function limited(rows: readonly Utterance[], seconds: number): Utterance[] {
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
