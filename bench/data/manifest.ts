/** @file How fast a manifest of a million lines opens, and in how much memory: a process of its own for each case. */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { loadUtterances, readManifest } from '../../src/data/manifest.js';

const run = promisify(execFile);
const rows = 1_000_000;
/** Files in a folder, as corpora have them by speaker or chapter. */
const perFolder = 100;

interface Measured {
  readonly rows: number;
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

const cases = {
  'read as a stream, nothing kept': async (manifest: string) => {
    let count = 0;
    for await (const _ of readManifest(manifest)) count++;
    return count;
  },
  'opened: ids and audio files checked, rows kept': async (manifest: string) =>
    (await loadUtterances(manifest)).length,
  'opened, columns left out (as pre-training does)': async (manifest: string) =>
    (await loadUtterances(manifest, { keepColumns: false })).length,
} as const;

async function measure(which: keyof typeof cases, file: string): Promise<void> {
  const started = performance.now();
  const count = await cases[which](file);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ rows: count, seconds, cpuSeconds, peakMegabytes } satisfies Measured));
}

const pathOf = (file: number): string => `audio/${Math.floor(file / perFolder)}/${file}-0a1b2c3d-nohash.flac`;

/** Empty files: opening a manifest looks only whether they are there. */
async function writeCorpus(folder: string, csv: string, files: number): Promise<void> {
  for (let first = 0; first < files; first += perFolder) {
    await mkdir(join(folder, `audio/${first / perFolder}`), { recursive: true });
    const names = Array.from({ length: perFolder }, (_, i) => join(folder, pathOf(first + i)));
    await Promise.all(names.map((file) => writeFile(file, '')));
  }
  const lines = function* () {
    yield 'id,path,start,duration,split,speaker,text\n';
    for (let row = 0; row < rows; row++) {
      const split = row % 10 === 0 ? 'dev' : row % 10 === 1 ? 'test' : 'train';
      const text = '"HE BEGAN A CONFUSED COMPLAINT AGAINST THE WIZARD, WHO HAD VANISHED"';
      yield `utterance-${row},${pathOf(row % files)},${(row % 7) / 4},12.345,${split},s${row % 2500},${text}\n`;
    }
  };
  await pipeline(Readable.from(lines()), createWriteStream(csv));
}

// `--files 1000000` for as many files as rows: making them takes minutes.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { files: { type: 'string' } },
});
const fileCounts = values.files;
const [name, manifest] = positionals;
if (name !== undefined && manifest !== undefined) await measure(name as keyof typeof cases, manifest);
else {
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-bench-manifest-'));
  try {
    for (const files of (fileCounts ?? '10000,100000').split(',').map(Number)) {
      const csv = join(folder, `${files}.csv`);
      await writeCorpus(folder, csv, files);
      console.log(`${rows} rows, ${files} audio files`);
      for (const each of Object.keys(cases)) {
        const { stdout } = await run(process.execPath, [fileURLToPath(import.meta.url), each, csv]);
        const { seconds, cpuSeconds, peakMegabytes } = JSON.parse(stdout) as Measured;
        const rate = Math.round(rows / seconds / 1000);
        const time = `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of processor)`;
        console.log(`  ${each}: ${time}, ${rate} k rows/s, peak ${peakMegabytes} MB`);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
