/** @file Melodies to be found in longer ones: a manifest and pairs for query by example, made in a moment. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWav } from '../audio/index.js';
import { randomStream } from '../base/random.js';

/** Notes of 100 ms with overtones; what is sung twice is never quite the same. */
function melody(notes: string, purpose: string): Float32Array {
  const random = randomStream(1, purpose);
  return Float32Array.from({ length: 1600 * notes.length }, (_, n) => {
    const pitch = 0.05 * 1.35 ** 'ABCDEFGH'.indexOf(notes[Math.floor(n / 1600)] ?? '');
    return 0.2 * (Math.sin(pitch * n) + 0.5 * Math.sin(3 * pitch * n)) + 0.02 * random.normal();
  });
}

const queries = { dev: ['ABC', 'HFD', 'CAG'], test: ['BDF', 'GEC', 'AHB'] } as const;
const documents = {
  dev: ['EABCHG', 'DFHABG', 'GCAGFE', 'HFDCBA', 'EEHFDG', 'BCDEFA'],
  test: ['HBDFAC', 'FGECAD', 'CCAHBE', 'BDFGEC', 'DEADGB', 'FACEGD'],
} as const;

/**
 * Writes audio, `qbe.csv` and `pairs.csv` into a folder: in dev and test four queries, the last of them too short to be
 * looked for, and six documents.
 */
export async function writeMelodies(
  folder: string,
): Promise<{ readonly manifest: string; readonly pairs: string }> {
  const rows = ['id,path,split'];
  const lines = ['split,query,document,target'];
  const add = async (id: string, samples: Float32Array, split: string): Promise<string> => {
    await writeWav(join(folder, `${id}.wav`), samples, 16000);
    rows.push(`${id},${id}.wav,${split}`);
    return id;
  };
  for (const split of ['dev', 'test'] as const) {
    const [first] = queries[split];
    const ids: string[] = [];
    for (const [i, notes] of queries[split].entries())
      ids.push(await add(`${split}-q${i}`, melody(notes, `${split}-q${i}`), split));
    // Two frames of FBANK, of a note that the first query has as well.
    ids.push(await add(`${split}-short`, melody(first, 'short').slice(0, 560), split));
    for (const [i, notes] of documents[split].entries()) {
      const id = `${split}-d${i}`;
      const document = await add(id, melody(notes, id), split);
      for (const [q, query] of ids.entries()) {
        const target = notes.includes(queries[split][q] ?? first) ? 1 : 0;
        lines.push(`${split},${query},${document},${target}`);
      }
    }
  }
  const manifest = join(folder, 'qbe.csv');
  const pairs = join(folder, 'pairs.csv');
  await writeFile(manifest, rows.join('\n'));
  await writeFile(pairs, lines.join('\n'));
  return { manifest, pairs };
}
