/** @file Tests of a manifest's features in a folder: made once, made again where something changed, bad audio named. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeWav, writeWav } from '../../audio/index.js';
import { memberPath } from '../../audio/member.js';
import { randomStream } from '../../base/random.js';
import { writeTar } from '../../data/archives/archives.fixture.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { type ManifestFeaturesRequest, writeManifestFeatures } from './of-manifest.js';
import { writeFeatures } from './write.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-folder-'));
  for (let i = 0; i < 4; i++) await writeWav(join(folder, `${i}.wav`), noise(i), 16000);
  await writeFile(
    join(folder, 'm.csv'),
    'id,path,split,start,duration\na/1,0.wav,train,,\na/2,1.wav,train,0.1,0.2\nb,2.wav,dev,,\nc,3.wav,test,,\n',
  );
});
afterEach(() => rm(folder, { recursive: true }));

function noise(seed: number): Float32Array {
  const random = randomStream(seed, 'test');
  return Float32Array.from({ length: 4800 + 800 * seed }, () => 0.1 * random.normal());
}

const engine = { name: 'onnx', provider: 'cpu', threads: 1 } as const;
const request = (more: Partial<ManifestFeaturesRequest> = {}): ManifestFeaturesRequest => ({
  spec: 'random:tiny',
  manifest: join(folder, 'm.csv'),
  out: join(folder, 'out'),
  seed: 3,
  format: 'safetensors',
  maxBadShare: 0,
  engine,
  quiet: true,
  ...more,
});

const filesOf = async (name = 'out'): Promise<string[]> =>
  (await readdir(join(folder, name), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, name).length + 1))
    .sort();

async function indexOf(name = 'out'): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(folder, name, 'index.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('writeManifestFeatures', () => {
  it('writes a file an utterance, equal to that of the audio alone, with an index', async () => {
    const written = await writeManifestFeatures(request());
    expect(written).toMatchObject({ utterances: 4, made: 4, reused: 0, skipped: [], isWhole: true });
    expect(written.layers).toHaveLength(5);
    expect(await filesOf()).toEqual([
      'dev/b.safetensors',
      'features.json',
      'index.jsonl',
      'test/c.safetensors',
      'train/a%2F1.safetensors',
      'train/a%2F2.safetensors',
    ]);
    const { tensors, metadata } = await readSafetensors(join(folder, 'out/dev/b.safetensors'));
    await writeFeatures({
      spec: 'random:tiny',
      audio: join(folder, '2.wav'),
      out: join(folder, 'b'),
      seed: 3,
      engine,
    });
    const alone = await readSafetensors(join(folder, 'b'));
    expect(tensors).toEqual(alone.tensors);
    expect(metadata).toEqual({ ...alone.metadata, id: 'b' });
    expect(await indexOf()).toMatchObject([
      { id: 'a/1', split: 'train', files: ['train/a%2F1.safetensors'], frames: 14, seconds: 0.3 },
      { id: 'a/2', split: 'train', files: ['train/a%2F2.safetensors'], frames: 9, seconds: 0.2 },
      { id: 'b', split: 'dev' },
      { id: 'c', split: 'test' },
    ]);
  });

  it('makes what is missing, or of other audio than now, and nothing else', async () => {
    await writeManifestFeatures(request({ splits: ['train'] }));
    expect(await writeManifestFeatures(request())).toMatchObject({ made: 2, reused: 2 });
    expect(await writeManifestFeatures(request())).toMatchObject({ made: 0, reused: 4 });
    await rm(join(folder, 'out/dev/b.safetensors'));
    await writeWav(join(folder, '3.wav'), noise(9), 16000);
    expect(await writeManifestFeatures(request())).toMatchObject({ made: 2, reused: 2 });
    // A kill while the index was written leaves a part of a line.
    const index = join(folder, 'out/index.jsonl');
    await writeFile(index, (await readFile(index, 'utf8')).slice(0, -20));
    await appendFile(join(folder, 'out/.index.jsonl.1-00000000.tmp'), 'x');
    expect(await writeManifestFeatures(request())).toMatchObject({ made: 1, reused: 3 });
    expect((await indexOf()).map(({ id }) => id).sort()).toEqual(['a/1', 'a/2', 'b', 'c']);
  });

  it('writes an array of NumPy a layer, of some layers', async () => {
    const written = await writeManifestFeatures(request({ format: 'npy', layers: [4, 0], splits: ['dev'] }));
    expect(written.layers.map(({ name }) => name)).toEqual(['hidden.0', 'hidden.4']);
    expect(await filesOf()).toEqual([
      'dev/hidden.0/b.npy',
      'dev/hidden.4/b.npy',
      'features.json',
      'index.jsonl',
    ]);
    const bytes = await readFile(join(folder, 'out/dev/hidden.4/b.npy'));
    expect(bytes.toString('latin1')).toContain("'shape': (19, 144)");
    await writeManifestFeatures(request({ out: join(folder, 'whole'), layers: [4] }));
    const { tensors } = await readSafetensors(join(folder, 'whole/dev/b.safetensors'));
    expect(Object.keys(tensors)).toEqual(['hidden.4']);
    const data = tensors['hidden.4']?.data as Float32Array;
    expect(bytes.subarray(bytes.length - data.byteLength)).toEqual(
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    );
    await expect(writeManifestFeatures(request({ layers: [5] }))).rejects.toThrow(
      'has no layer 5. Its layers are 0 to 4',
    );
  });

  it('leaves bad audio out up to a share, by name, and tries it again', async () => {
    await writeFile(join(folder, '2.wav'), 'no audio');
    await rm(join(folder, '3.wav'));
    await expect(writeManifestFeatures(request())).rejects.toThrow(
      /m\.csv:4: utterance 'b': .*is not a supported audio file/,
    );
    const written = await writeManifestFeatures(request({ maxBadShare: 0.5 }));
    expect(written).toMatchObject({ made: 0, reused: 2, isWhole: true });
    expect(written.skipped).toEqual([
      { id: 'b', reason: expect.stringContaining("utterance 'b': ") },
      { id: 'c', reason: expect.stringContaining("utterance 'c': ") },
    ]);
    await expect(writeManifestFeatures(request({ maxBadShare: 0.3 }))).rejects.toThrow(
      '2 of 4 utterances have unusable audio (allowed: 1)',
    );
    await writeWav(join(folder, '2.wav'), noise(2), 16000);
    expect(await writeManifestFeatures(request({ maxBadShare: 0.3 }))).toMatchObject({ made: 1, reused: 2 });
  });

  it('refuses a folder with features of another encoder, other layers or another format', async () => {
    await writeManifestFeatures(request({ splits: ['dev'] }));
    const refused = (more: Partial<ManifestFeaturesRequest>) =>
      expect(writeManifestFeatures(request(more))).rejects;
    await refused({ spec: 'fbank' }).toThrow(
      /out: contains different features: encoder random:tiny \(.*\), expected fbank/,
    );
    await refused({ layers: [1] }).toThrow('layers 0,1,2,3,4, expected 1');
    await refused({ format: 'npy' }).toThrow('format safetensors, expected npy');
    await writeFile(join(folder, 'out/features.json'), '{}');
    await refused({}).toThrow('contains different features: features.json cannot be read');
  });

  it('stops before the next utterance when it is told to, and goes on', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await writeManifestFeatures(request({ signal: abort.signal }))).toMatchObject({
      made: 0,
      isWhole: false,
    });
    expect(await writeManifestFeatures(request())).toMatchObject({ made: 4, isWhole: true });
  });

  it('reads audio that lies inside a shard as it reads files', async () => {
    const clip = Buffer.from(encodeWav(noise(2), 16000));
    await writeTar(join(folder, 's.tar'), [[{ name: 'k.wav' }, clip]]);
    const path = memberPath({ container: 's.tar', name: 'k.wav', place: 512, bytes: clip.length });
    await writeFile(join(folder, 'm.csv'), `id,path,split\nb,${path},dev\n`);
    await writeManifestFeatures(request());
    await writeFeatures({
      spec: 'random:tiny',
      audio: join(folder, '2.wav'),
      out: join(folder, 'b'),
      seed: 3,
      engine,
    });
    const { tensors } = await readSafetensors(join(folder, 'out/dev/b.safetensors'));
    expect(tensors).toEqual((await readSafetensors(join(folder, 'b'))).tensors);
  });
});
