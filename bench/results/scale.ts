/** @file Time and memory of 10,000 records compared, of a million predictions tested in pairs and put on a page (npm run bench:results). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knownTasks } from '../../src/plugins/known-tasks.js';
import { compareRecords, formatComparison, readRecords, writeRecord } from '../../src/results/index.js';
import { buildPage } from '../../src/results/page/index.js';
import { pairedDifference } from '../../src/results/paired.js';
import type { StoredRecord } from '../../src/results/record.js';
import { madeUpRecord, millionLines, recognition } from './made-up.js';

const folder = await mkdtemp(join(tmpdir(), 'ehmam-scale-'));
try {
  for (let i = 0; i < 10_000; i++) await writeRecord(join(folder, 'many'), madeUpRecord(i), []);
  await measured('10,000 records read, compared and formatted', async () => {
    const compared = compareRecords(await readRecords([join(folder, 'many')]), { baseline: 'encoder-0' });
    const characters = formatComparison(compared, 'table').length;
    return `${compared.rows.length} rows, ${characters} characters`;
  });
  const stored: StoredRecord[] = [];
  for (const name of ['first', 'second']) {
    stored.push(
      await writeRecord(join(folder, name), { ...madeUpRecord(0), ...recognition }, millionLines(name)),
    );
  }
  await measured('1,000,000 predictions of two recognisers compared in pairs', async () => {
    const [first, second] = stored as [StoredRecord, StoredRecord];
    const { difference, interval } = await pairedDifference([first], [second], 'wer', knownTasks.all());
    return `${(100 * difference).toFixed(3)} points [${interval.map((end) => (100 * end).toFixed(3)).join(', ')}]`;
  });
  await measured('1,000,000 predictions on a page', async () => {
    const { summary } = await buildPage({
      title: 'Scale',
      comparison: compareRecords(stored.slice(0, 1)),
      records: stored.slice(0, 1),
      tasks: knownTasks.all(),
      encoders: [],
      hashOfFolder: async () => undefined,
      audio: { paths: [], root: undefined, mostBytes: 0 },
      hardest: 12,
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
