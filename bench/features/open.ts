/**
 * @file What opening a feature store costs: seconds and bytes read, by one who meets it first, and by all others.
 *
 *   npm run bench:open -- --gigabytes 2
 *
 * The store is made up: shards of 64 utterances, 13 layers of 768 numbers a frame, 50 frames a second, half precision.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { removeNotes } from '../../src/features/notes.fixture.js';
import {
  readShard,
  type ShardDescription,
  shardName,
  storedData,
  writeShard,
} from '../../src/features/shards.js';

const { values: options } = parseArgs({
  options: { gigabytes: { type: 'string', default: '2' }, seconds: { type: 'string', default: '12.3' } },
});
const [layers, dim, framesPerSecond, perShard] = [13, 768, 50, 64];
/** LibriSpeech's train-clean-100, dev-clean and test-clean: hours of audio. */
const hours = 100.6 + 5.4 + 5.4;
const bytesPerHour = 3600 * framesPerSecond * layers * dim * 2;

const rows = Math.round(Number(options.seconds) * framesPerSecond);
const values = Float32Array.from({ length: layers * rows * dim }, (_, i) => Math.sin(i));
const data = storedData('made up', [values], 'float16');
const shardBytes = data.length * perShard;
const shards = Math.max(1, Math.round((Number(options.gigabytes) * 1e9) / shardBytes));
const idsOf = (shard: number): string[] => Array.from({ length: perShard }, (_, i) => `u${shard}-${i}`);

const folder = await mkdtemp(join(tmpdir(), 'ehmam-open-'));
try {
  for (let shard = 0; shard < shards; shard++)
    await writeShard(
      folder,
      shard,
      idsOf(shard).map((id) => ({ id, rows, data })),
      { encoderFrames: rows * perShard, seconds: 1 },
    );
  const bytes = shards * shardBytes;
  const all = hours * bytesPerHour;
  process.stdout.write(`${shards} shards, ${(bytes / 1e9).toFixed(2)} GB (${shardName(0)} ...)\n`);
  await opening('as it was left', bytes, all);
  await removeNotes(folder);
  await opening('first met', bytes, all);
  await opening('as it was left', bytes, all);
  await opening('verified', bytes, all, true);
} finally {
  await rm(folder, { recursive: true });
}

/** Opens every shard, and says what the whole of LibriSpeech 100 h would take at the same pace. */
async function opening(how: string, bytes: number, all: number, verify = false): Promise<void> {
  const [before, started] = [await bytesRead(), performance.now()];
  const found: (ShardDescription | undefined)[] = [];
  for (let shard = 0; shard < shards; shard++)
    found.push(await readShard(folder, shard, idsOf(shard), verify));
  if (found.includes(undefined)) throw new Error('a shard of the store is not whole');
  const seconds = (performance.now() - started) / 1000;
  const read = (await bytesRead()) - before;
  const scaled = `${((seconds * all) / bytes).toFixed(1)} s for ${(all / 1e9).toFixed(0)} GB`;
  process.stdout.write(`${how}: ${seconds.toFixed(3)} s, ${(read / 1e6).toFixed(3)} MB read; ${scaled}\n`);
}

/** What this process has read from files so far, as Linux counts. */
async function bytesRead(): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}
