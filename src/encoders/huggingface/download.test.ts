/** @file `hf:` SPECs: from a small hub on this machine into the cache, from the cache alone, and what is said when neither helps. */
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadEncoder } from '../load.js';
import { loadRecogniser } from '../recogniser.js';
import { hubCacheFolder } from './environment.js';
import { parseHubSpec } from './hub-cache.js';
import { type HubServer, serveHub } from './hub-server.fixture.js';

const single = 'test/fixtures/huggingface/wavlm-group';
const sharded = 'test/fixtures/huggingface/data2vec-audio';
const spec = 'hf:someone/some-model';

let root: string;
let cache: string;
let server: HubServer | undefined;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-hub-'));
});
beforeEach(async () => {
  cache = join(await mkdtemp(join(root, 'home-')), 'hub');
  vi.stubEnv('HF_HUB_CACHE', cache);
  vi.stubEnv('HF_TOKEN', '');
  for (const name of ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE', 'HF_TOKEN_PATH', 'HUGGING_FACE_HUB_TOKEN'])
    vi.stubEnv(name, '');
  vi.stubEnv('HF_HOME', join(cache, '..'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function serve(folder: string, revision?: string): Promise<HubServer> {
  server = await serveHub(folder, 'someone/some-model', revision);
  vi.stubEnv('HF_ENDPOINT', server.url);
  return server;
}

const load = (which = spec) => loadEncoder(which, 0, { quiet: true });
const model = (): string => join(cache, 'models--someone--some-model');

async function complaint(which = spec): Promise<string> {
  return load(which).then(
    () => 'no complaint',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

describe('a model of the hub', () => {
  it('is downloaded into the layout of the hub’s own tools, and found there without the hub', async () => {
    const hub = await serve(single);
    const encoder = await load();
    expect(encoder.name).toBe('some-model');
    expect(encoder.hash).toBe((await loadEncoder(single)).hash);
    expect(await readFile(join(model(), 'refs', 'main'), 'utf8')).toBe(hub.commit);
    const snapshot = join(model(), 'snapshots', hub.commit);
    expect((await readdir(snapshot)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    expect((await lstat(join(snapshot, 'config.json'))).isSymbolicLink()).toBe(true);
    expect(await readdir(join(model(), 'blobs'))).toHaveLength(3);
    await hub.close();
    expect((await load()).hash).toBe(encoder.hash);
  });

  it('may lie in shards, and at a revision that is a part of its name', async () => {
    const hub = await serve(sharded, 'v1.0');
    const encoder = await load(`${spec}@v1.0`);
    expect(encoder.name).toBe('some-model@v1.0');
    expect(encoder.hash).toBe((await loadEncoder(sharded)).hash);
    expect(hub.requests).toContain('model-00002-of-00002.safetensors');
    await hub.close();
    expect((await load(`${spec}@${hub.commit}`)).hash).toBe(encoder.hash);
    expect(await complaint()).toContain('is not in the cache');
  });

  it('goes on where a download was cut off', async () => {
    const hub = await serve(single);
    hub.cutAfter = { path: 'model.safetensors', bytes: 20_000 };
    expect(await complaint()).toMatch(/cannot be reached \(.*\)\. Run the same command again to resume/);
    const { size } = await stat(
      join(
        model(),
        'blobs',
        (await readdir(join(model(), 'blobs'))).find((name) => name.endsWith('.incomplete')) ?? '',
      ),
    );
    expect(size).toBe(20_000);
    const encoder = await load();
    expect(encoder.hash).toBe((await loadEncoder(single)).hash);
    expect(hub.requests.filter((request) => request.startsWith('model'))).toEqual([
      'model.safetensors',
      'model.safetensors from 20000',
    ]);
  });

  it('is refused when it does not arrive as the hub has it', async () => {
    const hub = await serve(single);
    hub.spoil = 'model.safetensors';
    expect(await complaint()).toMatch(/model\.safetensors was damaged in the download/);
    expect((await readdir(join(model(), 'blobs'))).filter((name) => name.endsWith('.incomplete'))).toEqual(
      [],
    );
    hub.spoil = undefined;
    expect((await load()).hash).toBe((await loadEncoder(single)).hash);
  });
});

describe('a cache that other tools filled', () => {
  /** As transformers' AutoModel does: configuration and weights alone. */
  async function withoutPreprocessor(): Promise<HubServer> {
    const hub = await serve(single);
    await load();
    await rm(join(model(), 'snapshots', hub.commit, 'preprocessor_config.json'));
    const blobs = join(model(), 'blobs');
    for (const name of await readdir(blobs)) {
      const blob = join(blobs, name);
      if ((await readFile(blob, 'utf8')).includes('do_normalize')) await rm(blob);
    }
    hub.requests.length = 0;
    return hub;
  }

  it('gets what it lacks to tell whether waveforms are normalised, and nothing else', async () => {
    const hub = await withoutPreprocessor();
    expect((await load()).normalizesWaveform).toBe(false);
    expect(hub.requests).toEqual(['preprocessor_config.json']);
    await load();
    expect(hub.requests).toHaveLength(1);
  });

  it('is refused without the hub, never normalised by guess', async () => {
    const hub = await withoutPreprocessor();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await complaint()).toMatch(
      /the cached copy of hf:someone\/some-model has no preprocessor_config\.json or processor_config\.json.*disables the network\)\. .*copy that file to .*snapshots/,
    );
    vi.stubEnv('HF_HUB_OFFLINE', '');
    await hub.close();
    expect(await complaint()).toMatch(/has no preprocessor_config\.json.*cannot be reached/);
  });

  it('is believed where it says that the hub has none', async () => {
    const hub = await withoutPreprocessor();
    const absent = join(model(), '.no_exist', hub.commit);
    await mkdir(absent, { recursive: true });
    await writeFile(join(absent, 'preprocessor_config.json'), '');
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const { normalizesWaveform, notes } = await load();
    expect(normalizesWaveform).toBe(true);
    expect(notes).toEqual([expect.stringContaining('no preprocessor_config.json')]);
  });

  it('is asked again where it has looked for one of two files alone, and the other may be there', async () => {
    const folder = join(root, 'with a processor');
    await cp(single, folder, { recursive: true });
    await rm(join(folder, 'preprocessor_config.json'));
    await cp('test/fixtures/huggingface/processor_config.json', join(folder, 'processor_config.json'));
    const hub = await serve(folder);
    await load();
    await rm(join(model(), 'snapshots', hub.commit, 'processor_config.json'));
    hub.requests.length = 0;
    expect((await load()).normalizesWaveform).toBe(false);
    expect(hub.requests).toEqual([]);
    // What transformers 4 leaves of a processor says nothing of normalisation.
    const processor = join(model(), 'snapshots', hub.commit, 'processor_config.json');
    await rm(processor);
    await writeFile(processor, '{"processor_class": "Wav2Vec2Processor"}');
    await rm(join(model(), '.no_exist'), { recursive: true });
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await complaint()).toMatch(/has no preprocessor_config\.json or processor_config\.json/);
  });

  it('is read with a line end behind the commit, read-only, and brought anew where its blobs are gone', async () => {
    const hub = await serve(single);
    const { hash } = await load();
    await writeFile(join(model(), 'refs', 'main'), `${hub.commit}\n`);
    for (const name of ['', 'refs', 'blobs', 'snapshots', `snapshots/${hub.commit}`])
      await chmod(join(model(), name), 0o555);
    hub.requests.length = 0;
    expect((await load()).hash).toBe(hash);
    expect(hub.requests).toEqual([]);
    for (const name of ['', 'refs', 'blobs', 'snapshots', `snapshots/${hub.commit}`])
      await chmod(join(model(), name), 0o755);
    for (const blob of await readdir(join(model(), 'blobs'))) await rm(join(model(), 'blobs', blob));
    expect((await load()).hash).toBe(hash);
    expect([...hub.requests].sort()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
  });

  it('of a configuration alone is no model without the hub', async () => {
    const hub = await serve(single);
    await load();
    await rm(join(model(), 'snapshots', hub.commit, 'model.safetensors'));
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await complaint()).toMatch(/hf:someone\/some-model is not in the cache.*disables the network/);
  });

  it('says so itself where the hub has none', async () => {
    const folder = join(root, 'none');
    await cp(single, folder, { recursive: true });
    await rm(join(folder, 'preprocessor_config.json'));
    const hub = await serve(folder);
    await load();
    await hub.close();
    expect((await load()).normalizesWaveform).toBe(true);
  });
});

describe('a recogniser of the hub', () => {
  const recogniser = 'test/fixtures/huggingface-recognisers/hubert';

  it('comes with its vocabulary, and without the hub is what it was', async () => {
    const hub = await serve(recogniser);
    const { recognition } = await loadRecogniser(spec, { quiet: true });
    expect(recognition).toEqual((await loadRecogniser(recogniser)).recognition);
    await hub.close();
    expect((await loadRecogniser(spec)).recognition).toEqual(recognition);
  });

  it('gets its vocabulary where a cache has the encoder alone, when it is asked for and not before', async () => {
    const hub = await serve(recogniser);
    await load();
    const snapshot = join(model(), 'snapshots', hub.commit);
    for (const name of ['vocab.json', 'tokenizer_config.json', 'added_tokens.json']) {
      await rm(await realpath(join(snapshot, name)));
      await rm(join(snapshot, name));
    }
    hub.requests.length = 0;
    await load();
    expect(hub.requests).toEqual([]);
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    await expect(loadRecogniser(spec, { quiet: true })).rejects.toThrow(
      /the cached copy of hf:someone\/some-model has no vocab\.json, and the hub cannot be reached \(.*copy vocab\.json, .* to .*snapshots/,
    );
    vi.stubEnv('HF_ENDPOINT', hub.url);
    const { recognition } = await loadRecogniser(spec, { quiet: true });
    expect(recognition).toEqual((await loadRecogniser(recogniser)).recognition);
    expect([...hub.requests].sort()).toEqual(['added_tokens.json', 'tokenizer_config.json', 'vocab.json']);
  });

  it('is asked for once where the hub has no vocabulary of it', async () => {
    const folder = join(root, 'without tokens');
    await cp(recogniser, folder, { recursive: true });
    await rm(join(folder, 'vocab.json'));
    const hub = await serve(folder);
    await load();
    await hub.close();
    await expect(loadRecogniser(spec, { quiet: true })).rejects.toThrow(
      /missing vocab\.json, the tokens of the 7 logits of lm_head/,
    );
  });
});

describe('several at once', () => {
  it('bring a model once, and all have it', async () => {
    const hub = await serve(single);
    const { hash } = await loadEncoder(single);
    const all = await Promise.all(Array.from({ length: 4 }, () => load()));
    expect(all.map((encoder) => encoder.hash)).toEqual(Array(4).fill(hash));
    expect([...hub.requests].sort()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    expect(await readdir(join(model(), 'blobs'))).toHaveLength(3);
  });
});

describe('a private model', () => {
  it("lets in who has a token: in the environment, or where 'hf auth login' leaves it", async () => {
    const hub = await serve(single);
    hub.token = 'hf_secret';
    const { hash } = await loadEncoder(single);
    const again = async (): Promise<string> => {
      await rm(cache, { recursive: true, force: true });
      return (await load()).hash;
    };
    expect(await complaint()).toMatch(
      /no model someone\/some-model at revision 'main', or you have no access.*hf auth login/,
    );
    vi.stubEnv('HF_TOKEN', 'hf_secret\n');
    expect(await again()).toBe(hash);
    vi.stubEnv('HF_TOKEN', '');
    await writeFile(join(cache, '..', 'token'), 'hf_secret\n');
    expect(await again()).toBe(hash);
    vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1');
    await rm(cache, { recursive: true, force: true });
    expect(await complaint()).toMatch(/or you have no access/);
    vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '');
    await rm(join(cache, '..', 'token'));
    const elsewhere = join(root, 'my token');
    await writeFile(elsewhere, 'hf_secret');
    vi.stubEnv('HF_TOKEN_PATH', elsewhere);
    expect(await again()).toBe(hash);
  });
});

describe('a model that cannot be had', () => {
  it('is named when the hub has none of that name', async () => {
    await serve(single);
    expect(await complaint('hf:someone/else')).toMatch(
      /the hub has no model someone\/else at revision 'main'.*HF_TOKEN/,
    );
    expect(await complaint(`${spec}@other`)).toMatch(/no model someone\/some-model at revision 'other'/);
  });

  it('says without a network what to copy where, and that copy is found', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    const message = await complaint();
    expect(message).toMatch(
      /^UserError: hf:someone\/some-model is not in the cache.*config\.json.*model\.safetensors/,
    );
    const place = / to (\S+)$/.exec(message)?.[1] ?? '';
    expect(place).toBe(join(model(), 'snapshots', 'main'));
    await cp(single, place, { recursive: true });
    expect((await load()).hash).toBe((await loadEncoder(single)).hash);
  });

  it('asks no one when the network is forbidden', async () => {
    const hub = await serve(single);
    for (const name of ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE']) {
      vi.stubEnv(name, '1');
      expect(await complaint()).toContain(`${name} disables the network`);
      vi.stubEnv(name, '');
    }
    expect(hub.requests).toEqual([]);
  });

  it.each(['hf:', 'hf:alone', 'hf:../x', 'hf:a/..', 'hf:a/b@', 'hf:a/b@../main', 'hf:a/b/c', 'hf:a b/c'])(
    'is no model by its name: %s',
    async (wrong) => {
      expect(await complaint(wrong)).toMatch(/invalid model name '.*'\. Expected hf:OWNER\/NAME/);
    },
  );
});

describe('names and places', () => {
  it('of SPECs', () => {
    expect(parseHubSpec('hf:a/b.c-d')).toEqual({ repository: 'a/b.c-d', revision: 'main' });
    expect(parseHubSpec('hf:a/b@refs/pr/1')).toEqual({ repository: 'a/b', revision: 'refs/pr/1' });
    expect(parseHubSpec('runs/tiny')).toBeUndefined();
  });

  it('of the cache follow the environment as the hub’s own tools do', () => {
    expect(hubCacheFolder({ HF_HUB_CACHE: '/c', HF_HOME: '/h' })).toBe('/c');
    expect(hubCacheFolder({ HF_HOME: '/h' })).toBe('/h/hub');
    expect(hubCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub');
    expect(hubCacheFolder({ HF_HOME: '~/x' })).toBe(join(homedir(), 'x', 'hub'));
    expect(hubCacheFolder({ HF_HUB_CACHE: '~/c' })).toBe(join(homedir(), 'c'));
    expect(hubCacheFolder({ XDG_CACHE_HOME: '~' })).toBe(join(homedir(), 'huggingface', 'hub'));
    expect(hubCacheFolder({ HF_HOME: '$SCRATCH/hf', SCRATCH: '/s' })).toBe('/s/hf/hub');
  });
});
