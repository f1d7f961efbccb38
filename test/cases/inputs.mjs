/** @file The inputs of the field cases: files kept in `inputs/`, and what is made here from them and the tests' fixtures. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  model,
  prefixed,
  vector,
  writeChangedModel,
  writeFloat64Model,
  writeShardedModel,
} from './models.mjs';
import { id3, wave64, wavOf, writeWav } from './sounds.mjs';

const kept = fileURLToPath(new URL('./inputs', import.meta.url));
const audio = (name) => fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url));

/** What is made of each case, besides the files of its folder in `inputs/`. */
const makers = {
  'adapter-after-encoder': (folder) =>
    writeChangedModel(
      folder,
      'wav2vec2-group',
      (tensors) => ({ ...tensors, 'adapter.layers.0.conv.weight': vector([1, 2]) }),
      { add_adapter: true, num_adapter_layers: 1 },
    ),
  'arpa-of-others': () => undefined,
  async 'asr-impossible-texts'(folder) {
    await writeWav(join(folder, 'plain.wav'), 1);
    const text = Array(100).fill('WORD').join(' ');
    const rows = Array.from({ length: 4 }, (_, i) =>
      ['train', 'dev', 'test'].map((split) => `${split}${i},plain.wav,${split},${text}`),
    );
    await writeFile(join(folder, 'long.csv'), ['id,path,split,text', ...rows.flat()].join('\n'));
  },
  'data-parallel-names': (folder) =>
    writeChangedModel(folder, 'wav2vec2-group', (tensors) => prefixed('module.', tensors)),
  async 'flac-with-id3'(folder) {
    const [flac, wav] = [await readFile(audio('mono-16k-16bit.flac')), await wavOf(0.25)];
    await writeFile(join(folder, 'plain.flac'), flac);
    await writeFile(join(folder, 'id3_front.flac'), Buffer.concat([id3(20), flac]));
    await writeFile(join(folder, 'id3_front.wav'), Buffer.concat([id3(10), wav]));
  },
  'float64-safetensors': (folder) => writeFloat64Model(folder, 'wav2vec2-group'),
  async 'hub-cache-without-preprocessor'(folder) {
    await writeWav(join(folder, 'in.wav'), 1);
    const commit = '3e9b05861f4e16932516869986ff6d4d925efdcd';
    const place = join(folder, 'home/hub/models--o--m');
    for (const part of ['blobs', 'refs', `snapshots/${commit}`])
      await mkdir(join(place, part), { recursive: true });
    await writeFile(join(place, 'refs/main'), commit);
    for (const [i, name] of ['config.json', 'model.safetensors'].entries()) {
      await cp(join(model('wavlm-group'), name), join(place, 'blobs', String(i)));
      await symlink(`../../blobs/${i}`, join(place, 'snapshots', commit, name));
    }
  },
  'hub-download-at-once': writeHub,
  async 'hub-token-file'(folder) {
    await writeHub(folder);
    await mkdir(join(folder, 'home'));
    await writeFile(join(folder, 'home/token'), 'hf_example\n');
  },
  'mp3-leading-zeros': () => undefined,
  async 'mp3-rate-changes'(folder) {
    const names = ['speech-16k.mp3', 'speech-44k.mp3'];
    const parts = await Promise.all(names.map((name) => readFile(audio(name))));
    await writeFile(join(folder, 'concat_rates.mp3'), Buffer.concat(parts));
  },
  async 'paths-of-another-system'(folder) {
    await mkdir(join(folder, 'wav'));
    await writeWav(join(folder, 'wav/plain.wav'), 0.3);
  },
  'pytorch-shards': (folder) => writeShardedModel(folder, 'hubert-group'),
  'resume-with-other-data': (folder) => writeWav(join(folder, 'plain.wav'), 1),
  async 'same-name-two-runs'(folder) {
    await writeWav(join(folder, 'plain.wav'), 0.3);
    for (const [letter, name] of Object.entries({ a: 'hubert-group', b: 'wavlm-group' }))
      await cp(model(name), join(folder, letter, 'checkpoint'), { recursive: true });
  },
  'split-named-valid': (folder) => writeWav(join(folder, 'plain.wav'), 0.3),
  'stdout-on-a-full-disk': () => undefined,
  'symlinked-audio': (folder) => writeWav(join(folder, 'plain.wav'), 0.3),
  async w64(folder) {
    await writeFile(join(folder, 'plain.w64'), wave64((await wavOf(1)).subarray(44)));
    await cp(audio('layer2.mp2'), join(folder, 'layer2.mp3'));
  },
  'wav2vec2-base-100h-mask-vector': (folder) =>
    writeChangedModel(folder, 'wav2vec2-group', (tensors) => ({
      ...prefixed('wav2vec2.', tensors),
      'wav2vec2.mask_time_emb_vector': vector(Array(24).fill(1)),
    })),
  async 'wav-size-field'(folder) {
    const wav = await wavOf(1);
    const size = wav.readUInt32LE(40);
    for (const [name, said] of Object.entries({ zero: 0, plus8: size + 8, plus36: size + 36 })) {
      const changed = Buffer.from(wav);
      changed.writeUInt32LE(said, 40);
      await writeFile(join(folder, `size_${name}.wav`), changed);
    }
  },
};

async function writeHub(folder) {
  await cp(model('wavlm-group'), join(folder, 'model'), { recursive: true });
  await cp(join(kept, 'hub.mjs'), join(folder, 'hub.mjs'));
}

export const ownCases = Object.keys(makers);

/** Writes the input of one of our own cases into an empty folder. */
export async function writeInput(name, folder) {
  await cp(join(kept, name), folder, { recursive: true }).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await makers[name](folder);
}
