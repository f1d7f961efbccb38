/** @file Time and memory of 10,000 records compared, of a million predictions read and put on a page (npm run bench:results). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareRecords, formatComparison, readRecords, writeRecord } from '../../src/results/index.js';
import { buildPage } from '../../src/results/page/index.js';
import { readPredictions } from '../../src/results/predictions.js';
import type { NewRecord } from '../../src/results/record.js';
import { builtInTasks } from '../../tasks/index.js';
import { madeUpRecord } from './made-up.js';

const folder = await mkdtemp(join(tmpdir(), 'ehmam-scale-'));
try {
  for (let i = 0; i < 10_000; i++) await writeRecord(join(folder, 'many'), madeUpRecord(i), []);
  await measured('10,000 records read, compared and formatted', async () => {
    const compared = compareRecords(await readRecords([join(folder, 'many')]), { baseline: 'encoder-0' });
    return `${compared.rows.length} rows, ${formatComparison(compared, 'csv').length} characters`;
  });
  const lines = Array.from({ length: 1_000_000 }, (_, i) => ({
    id: `utterance-${i}`,
    prediction: 'THE CAT SAT',
    reference: 'THE CAT SAT ON THE MAT',
  }));
  const record: NewRecord = { ...madeUpRecord(0), task: { name: 'asr', version: 1 } };
  const stored = await writeRecord(join(folder, 'long'), record, lines);
  lines.length = 0;
  await measured('1,000,000 predictions read', async () => {
    let count = 0;
    for await (const _ of readPredictions(stored)) count++;
    return `${count} lines`;
  });
  await measured('1,000,000 predictions on a page', async () => {
    const { summary } = await buildPage({
      title: 'Scale',
      comparison: compareRecords([stored]),
      records: [stored],
      tasks: builtInTasks,
      encoders: [],
      audio: { paths: [], root: undefined, mostBytes: 0 },
      hardest: 12,
      engine: () => Promise.reject(new Error('no masks are asked for')),
      remark: (why) => console.log(why),
    });
    return `${summary.hardest} utterances shown`;
  });
} finally {
  await rm(folder, { recursive: true });
}

/** Memory is what the process holds (resident), looked at every 20 ms. */
async function measured(what: string, work: () => Promise<string>): Promise<void> {
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  clearInterval(watch);
  most = Math.max(most, process.memoryUsage().rss);
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `${what}: ${seconds.toFixed(2)} s, resident ${megabytes(before)} to ${megabytes(most)} MB (${result})`,
  );
}
