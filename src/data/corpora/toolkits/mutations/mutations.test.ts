/** @file Mutated corpora, thousands where $EHMAM_MUTATIONS says so: each is prepared or refused in words, and no more. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomStream } from '../../../../base/random.js';
import { compileEntry, type Entry } from '../../../../cli/entry.fixture.js';
import { pick } from '../../../../encoders/mutations/bytes.fixture.js';
import { askedProcess } from '../../../../encoders/mutations/process.fixture.js';
import { changesOf } from './changes.fixture.js';
import type { Ending, Question } from './child.fixture.js';

const count = Number(process.env.EHMAM_MUTATIONS ?? 300);
const seed = Number(process.env.EHMAM_MUTATION_SEED ?? 1);
const mostBytes = 1e9;
const fixtures = 'test/fixtures/toolkits';

let entry: Entry;
let root: string;
beforeAll(async () => {
  entry = await compileEntry();
  // Thousands of small files that are flushed: in memory where there is such a folder.
  root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ehmam-corpus-mutations-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A corpus: its files by path, those that are changed, and what is given to `prepare`. */
interface Subject {
  readonly toolkit: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly changed: readonly string[];
  readonly inputs: readonly string[];
}

async function subjects(): Promise<Subject[]> {
  const read = (path: string): Promise<Buffer> => readFile(join(fixtures, path));
  const audio = new Map<string, Uint8Array>();
  for (const name of ['a.flac', 'b.wav', 'stereo.wav'])
    audio.set(`audio/${name}`, await read(`audio/${name}`));
  const subject = (
    toolkit: string,
    texts: Readonly<Record<string, Uint8Array | string>>,
    inputs = Object.keys(texts),
  ): Subject => ({
    toolkit,
    files: new Map([
      ...audio,
      ...Object.entries(texts).map(([name, text]) => [name, Uint8Array.from(Buffer.from(text))] as const),
    ]),
    changed: Object.keys(texts),
    inputs,
  });
  const parquets = [
    'train-00000-of-00001',
    'zstd',
    'gzip',
    'brotli',
    'lz4',
    'pages-v2',
    'delta',
    'polars',
    'no-dictionary',
  ];
  const shard = await read('webdataset/train-000000.tar');
  const [recordings, supervisions] = ['recordings', 'supervisions'].map(
    (what) => `mini_${what}_train.jsonl.gz`,
  ) as [string, string];
  const kaldi = {
    'train/wav.scp': 'r1 audio/a.flac\nr2 audio/b.wav\nr3 audio/stereo.wav\n',
    'train/segments': 'u1 r1 0.0 0.1\nu2 r1 0.1 -1\nu3 r2 0.01 0.1\nu4 r3 0 0.05\n',
    'train/text': 'u1 one\nu2 two words\nu3 \u4e09\nu4 four\n',
    'train/utt2spk': 'u1 s1\nu2 s1\nu3 s2\nu4 s2\n',
    'train/spk2gender': 's1 f\ns2 m\n',
  };
  const nemo = [
    { audio_filepath: 'audio/a.flac', duration: 0.2, text: 'one', speaker: 's1' },
    { audio_filepath: 'audio/b.wav', offset: 0.05, duration: 0.05, text: 'two' },
    { audio_filepath: 'audio/stereo.wav', channel_selector: 1, text: 'three' },
  ];
  const all: Subject[] = [
    subject('kaldi', kaldi, ['train']),
    subject('nemo', { 'train.jsonl': nemo.map((line) => `${JSON.stringify(line)}\n`).join('') }),
    subject('lhotse', {
      [recordings]: await read(`lhotse/${recordings}`),
      [supervisions]: await read(`lhotse/${supervisions}`),
    }),
    subject('lhotse', {
      'recordings_train.jsonl': gunzipSync(await read(`lhotse/${recordings}`)),
      'supervisions_train.jsonl': gunzipSync(await read(`lhotse/${supervisions}`)),
    }),
    subject('lhotse', { 'cuts_dev.jsonl': await read('lhotse/cuts_dev.jsonl') }),
    subject('webdataset', { 'train.tar': shard }),
    subject('webdataset', { 'train.tar': shard }),
    subject('webdataset', { 'train.tar.gz': await read('webdataset/test-000000.tar.gz') }),
  ];
  for (const name of parquets)
    all.push(subject('parquet', { 'train.parquet': await read(`parquet/${name}.parquet`) }));
  return all;
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

it(`${count} mutated corpora are prepared or refused in one line, soon, in little memory, writing nowhere else`, async () => {
  const [home, out] = [join(root, 'home'), join(root, 'out')];
  await mkdir(home);
  const all = await subjects();
  for (const [i, { files }] of all.entries()) await writeFiles(join(root, `${i}`), files);
  const { ask, stop } = askedProcess<Ending>(
    entry.compiled('src/data/corpora/toolkits/mutations/child.fixture.js'),
    home,
  );
  const failures: string[] = [];
  const outcomes = { prepared: 0, refused: 0 };
  let [peakBytes, slowest] = [0, 0];
  for (let i = -all.length; i < count; i++) {
    const at = (i + all.length) % all.length;
    const [subject, place] = [all[at] as Subject, join(root, `${at}`)];
    const random = randomStream(seed, 'mutant', i + all.length);
    const name = pick(random, subject.changed);
    const change = pick(random, changesOf(name));
    const before = subject.files.get(name) as Uint8Array;
    // The first of each is left as it is: it must be taken.
    const after = i < 0 ? before : change(before, random);
    await rm(out, { recursive: true, force: true });
    await writeFile(join(place, name), after);
    const isUnpacked = name.endsWith('.tar.gz') || (/\.(tar|parquet)$/.test(name) && random.integer(4) === 0);
    const question: Question = {
      toolkit: subject.toolkit,
      inputs: subject.inputs.map((path) => `train=${join(place, path)}`),
      out,
      fast: true,
      quiet: true,
      ...(isUnpacked && { unpack: join(out, 'audio') }),
    };
    const what = `${i}: ${change.name} of ${subject.toolkit}'s ${basename(name)}`;
    const started = performance.now();
    const ending = await ask(JSON.stringify(question));
    slowest = Math.max(slowest, (performance.now() - started) / 1000);
    await writeFile(join(place, name), before);
    if (typeof ending === 'string') {
      failures.push(`${what}: ${ending}`);
      continue;
    }
    peakBytes = Math.max(peakBytes, ending.peakBytes);
    if (ending.outcome === 'failed') failures.push(`${what}: ${ending.message}`);
    else outcomes[ending.outcome]++;
    if (i < 0 && ending.outcome !== 'prepared')
      failures.push(`unchanged ${subject.toolkit}: ${ending.message}`);
    if (ending.peakBytes > mostBytes) {
      failures.push(`${what}: ${ending.peakBytes} bytes`);
      break;
    }
  }
  stop();
  if (process.env.EHMAM_MUTATIONS !== undefined) console.log({ ...outcomes, peakBytes, slowest });
  expect(failures).toEqual([]);
  expect(await readdir(home)).toEqual([]);
  const own = [...all.keys(), 'home', 'out'].map(String);
  expect((await readdir(root)).filter((name) => !own.includes(name))).toEqual([]);
  for (const [i, { files }] of all.entries()) {
    const entries = await readdir(join(root, `${i}`), { recursive: true, withFileTypes: true });
    expect(entries.filter((each) => each.isFile())).toHaveLength(files.size);
  }
  // Mutations that change nothing would prove nothing.
  expect(outcomes.refused).toBeGreaterThan(count / 4);
}, 600_000);
