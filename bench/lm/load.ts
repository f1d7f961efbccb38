/**
 * @file What a large language model costs: seconds to load an ARPA file, plain and .gz, and the bytes it then takes.
 *
 *   npm run bench:lm -- --millions 5
 *
 * The file is made up, in the proportions of a pruned 3-gram (200,000 words; of the longer n-grams 45 % are bigrams). Bytes
 * are the tables' own and the growth of the resident memory; both are set against the official 4-gram's size.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { readArpa } from '../../src/lm/arpa.js';
import { type NgramModel, tableBytes } from '../../src/lm/model.js';
import { madeUpArpa } from './made-up.js';

const { values: options } = parseArgs({
  options: {
    millions: { type: 'string', default: '5' },
    words: { type: 'string', default: '200000' },
    json: { type: 'boolean', default: false },
  },
});
/** Of the LibriSpeech 4-gram: its n-grams, a half taken to be of the highest order. */
const official = { ngrams: 145e6, highest: 0.5, words: 200_000 };

const words = Number(options.words);
const longer = Number(options.millions) * 1e6 - words;
const counts = [words, Math.round(0.45 * longer), Math.round(0.55 * longer)] as const;

/** Bytes that stay after everything that can be freed is freed. */
function heldBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return process.memoryUsage().rss;
}

interface Load {
  readonly megabytes: number;
  readonly seconds: number;
  /** What the machine's other work does not lengthen. */
  readonly processorSeconds: number;
  readonly ngrams: number;
  readonly tableBytesPerNgram: number;
  readonly residentBytesPerNgram: number;
  readonly peakMegabytes: number;
}

let held: NgramModel | undefined;

async function load(file: string): Promise<Load> {
  held = undefined;
  const before = heldBytes();
  const started = performance.now();
  const used = process.cpuUsage();
  held = await readArpa(file);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(used);
  const ngrams = held.levels.reduce((sum, level) => sum + level.words.length, 0);
  return {
    megabytes: (await stat(file)).size / 1e6,
    seconds,
    processorSeconds: (user + system) / 1e6,
    ngrams,
    tableBytesPerNgram: tableBytes(held) / ngrams,
    residentBytesPerNgram: (heldBytes() - before) / ngrams,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  };
}

const folder = await mkdtemp(join(tmpdir(), 'ehmam-bench-lm-'));
try {
  const plain = join(folder, 'made-up.arpa');
  await pipeline(Readable.from(madeUpArpa(counts)), createWriteStream(plain));
  await pipeline(createReadStream(plain), createGzip({ level: 1 }), createWriteStream(`${plain}.gz`));
  const result = { plain: await load(plain), gz: await load(`${plain}.gz`) };
  if (options.json) console.log(JSON.stringify(result));
  else {
    for (const [name, one] of Object.entries(result)) {
      console.log(
        `${name}: ${(one.ngrams / 1e6).toFixed(1)} M n-grams, file ${one.megabytes.toFixed(0)} MB: ` +
          `${one.seconds.toFixed(1)} s (${one.processorSeconds.toFixed(1)} of processor time), tables ${one.tableBytesPerNgram.toFixed(1)} bytes an n-gram, ` +
          `resident ${one.residentBytesPerNgram.toFixed(1)}, peak ${one.peakMegabytes.toFixed(0)} MB`,
      );
    }
    const { highest, ngrams } = official;
    const tables = ngrams * (8 * highest + 16 * (1 - highest));
    console.log(
      `${ngrams / 1e6} M n-grams, ${100 * highest} % of them the longest: tables of ${(tables / 1e9).toFixed(1)} GB; ` +
        `at the resident bytes measured ${((ngrams * result.plain.residentBytesPerNgram) / 1e9).toFixed(1)} GB`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
