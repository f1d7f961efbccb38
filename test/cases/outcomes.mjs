/** @file The right outcome of each field case: a function of its folder that gives nothing, or what is wrong. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { load, program } from './program.mjs';

/** Runs ehmam in a folder, to its end. */
function ehmam(folder, words, options = {}) {
  return run(process.execPath, [join(program, 'cli/main.js'), ...words], folder, options);
}

function run(command, words, folder, { environment = {}, stdout = 'pipe', interruptOnce } = {}) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, EHMAM_CACHE: join(folder, '.cache'), ...environment };
    const child = spawn(command, words, { cwd: folder, env, stdio: ['ignore', stdout, 'pipe'] });
    const said = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk) => {
      said.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.stderr += chunk;
    });
    // Once a file is there, and once only.
    const interrupt = setInterval(() => {
      if (interruptOnce === undefined || !existsSync(join(folder, interruptOnce))) return;
      clearInterval(interrupt);
      child.kill('SIGINT');
    }, 50);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(interrupt);
      resolve({ code, ...said, all: said.stdout + said.stderr });
    });
  });
}

const first = (...checks) => checks.find((check) => check !== undefined && check !== false && check !== true);
const expectCode = ({ code, all }, wanted) =>
  code === wanted ? undefined : `exit code ${code} instead of ${wanted}: ${all.slice(0, 400)}`;
const expectText = ({ all }, pattern) =>
  pattern.test(all) ? undefined : `says nothing of ${pattern}: ${all.slice(0, 400)}`;
const accepted = (result) => expectCode(result, 0);
const refused = (result, pattern) =>
  first(result.code !== 0 ? undefined : 'is accepted', expectText(result, pattern));

const features = (folder, audio, spec = 'fbank') =>
  ehmam(folder, ['features', spec, audio, '--out', 'x.safetensors']);

/** Features of the case's model, against the expected ones. */
async function equalStates(folder) {
  const result = await features(folder, 'in.wav', 'model');
  if (result.code !== 0) return accepted(result);
  const { readSafetensors } = await load('formats/safetensors.js');
  const [{ tensors: own }, { tensors: expected }] = await Promise.all(
    ['x.safetensors', 'expected.safetensors'].map((name) => readSafetensors(join(folder, name))),
  );
  let largest = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const mine = own[name]?.data;
    if (mine?.length !== data.length) return `${name} is missing or of another size`;
    for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(mine[i] - data[i]));
  }
  return largest <= 1e-4 ? undefined : `states differ by ${largest}`;
}

async function samplesOf(folder, name, expected) {
  const { readAudio } = await load('audio/read.js');
  const count = typeof expected === 'number' ? expected : (await readAudio(join(folder, expected))).length;
  const { length } = await readAudio(join(folder, name));
  return length === count ? undefined : `${name} has ${length} samples instead of ${count}`;
}

/** How many 16-bit samples stand behind the header and the tag of a file of ours. */
async function pcmSamples(file) {
  const bytes = await readFile(file);
  return bytes.readUInt32LE(bytes.indexOf('data') + 4) / 2;
}

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The case's own hub, for as long as `use` runs. */
async function withHub(folder, words, use) {
  const port = await freePort();
  const hub = spawn(process.execPath, ['hub.mjs', 'model', 'o/m', String(port), ...words], {
    cwd: folder,
    env: { ...process.env, SLOW: '30' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise((resolve) => hub.stdout.once('data', resolve));
    hub.stdout.resume();
    return await use({
      HF_ENDPOINT: `http://127.0.0.1:${port}`,
      HF_HOME: join(folder, 'home'),
      HF_HUB_CACHE: '',
      HF_TOKEN: '',
      HF_HUB_OFFLINE: '',
    });
  } finally {
    hub.kill();
  }
}

const validated = (folder, task, manifest, ...more) =>
  ehmam(folder, ['validate', '--task', task, '--manifest', manifest, ...more]);

export const cases = {
  'adapter-after-encoder': equalStates,
  'wav2vec2-base-100h-mask-vector': equalStates,
  async 'arpa-of-others'(folder) {
    const { readArpa } = await load('lm/arpa.js');
    const { wordOf } = await load('lm/model.js');
    const model = (name) => readArpa(join(folder, name)).catch((error) => error.message);
    const [plain, binary, packed, capitals] = await Promise.all(
      ['ok.arpa', 'kenlm.binary', 'gz_named.arpa', 'unk_caps.arpa'].map(model),
    );
    const known = (each) => typeof each !== 'string' && wordOf(each, 'never heard') >= 0;
    return first(
      /KenLM binary file/.test(binary) ? undefined : `kenlm.binary: ${binary}`,
      typeof packed === 'string' && !/gzip/.test(packed) ? `gz_named.arpa: ${packed}` : undefined,
      known(plain) && known(capitals) ? undefined : 'unk_caps.arpa: unknown words have no score',
    );
  },
  async 'asr-impossible-texts'(folder) {
    const checked = await validated(folder, 'asr', 'long.csv', '--deep');
    const done = await ehmam(folder, ['run', '--suite', 's.yaml', '--out', 'out']);
    return first(
      expectCode(checked, 2),
      expectText(checked, /needs \d+ (frames|steps)/),
      refused(done, /needs \d+ (frames|steps)/),
    );
  },
  async 'data-parallel-names'(folder) {
    const result = await ehmam(folder, ['inspect', 'model']);
    return first(accepted(result), result.stderr.length < 500 ? undefined : 'says too much');
  },
  async 'float64-safetensors'(folder) {
    return accepted(await ehmam(folder, ['inspect', 'model']));
  },
  async 'pytorch-shards'(folder) {
    return accepted(await ehmam(folder, ['inspect', 'model']));
  },
  async 'flac-with-id3'(folder) {
    return first(
      await samplesOf(folder, 'id3_front.flac', 'plain.flac'),
      await samplesOf(folder, 'id3_front.wav', await pcmSamples(join(folder, 'id3_front.wav'))),
      accepted(await features(folder, 'id3_front.flac')),
    );
  },
  async 'hub-cache-without-preprocessor'(folder) {
    const environment = { HF_HUB_OFFLINE: '1', HF_HOME: join(folder, 'home'), HF_HUB_CACHE: '' };
    const words = ['features', 'hf:o/m', 'in.wav', '--out', 'x.safetensors'];
    return refused(await ehmam(folder, words, { environment }), /preprocessor_config\.json/);
  },
  'hub-download-at-once': (folder) =>
    withHub(folder, [], async (environment) => {
      const all = [1, 2, 3].map(() => ehmam(folder, ['inspect', 'hf:o/m'], { environment }));
      return first(...(await Promise.all(all)).map(accepted));
    }),
  'hub-token-file': (folder) =>
    withHub(folder, ['hf_example'], async (environment) =>
      accepted(await ehmam(folder, ['inspect', 'hf:o/m'], { environment })),
    ),
  async 'mp3-leading-zeros'(folder) {
    return first(
      await samplesOf(folder, 'lead_zero.mp3', 17280),
      accepted(await features(folder, 'cut_head.mp3')),
    );
  },
  async 'mp3-rate-changes'(folder) {
    return refused(await features(folder, 'concat_rates.mp3'), /rate changes from 16000 to 44100/);
  },
  async 'paths-of-another-system'(folder) {
    const windows = await validated(folder, 'ks', 'win.csv');
    await run('sh', ['make.sh'], folder);
    const composed = await validated(folder, 'ks', 'nfc.csv');
    return first(refused(windows, /\/ instead of \\/), refused(composed, /Unicode form/));
  },
  async 'resume-with-other-data'(folder) {
    const words = ['pretrain', '--config', 'c.yaml', '--out', 'run', '--steps', '200', '--manifest'];
    const begun = await ehmam(folder, [...words, 'm.csv'], { interruptOnce: 'run/log.jsonl' });
    const fewer = await ehmam(folder, [...words, 'fewer.csv', '--resume']);
    const longer = ['300', '--manifest', 'm.csv', '--resume'];
    const other = await ehmam(folder, [...words.slice(0, -2), ...longer]);
    return first(
      expectCode(begun, 130),
      refused(fewer, /it was started with 8 utterances of 'train' in m\.csv, not with 3 utterances/),
      refused(other, /optimizer\.steps \(200 there, 300 here\)/),
    );
  },
  async 'same-name-two-runs'(folder) {
    const words = (which) => [
      'run',
      '--suite',
      's.yaml',
      '--encoders',
      `${which}/checkpoint`,
      '--out',
      'out',
    ];
    const one = await ehmam(folder, words('a'));
    const record = join(folder, 'out/checkpoint/ks/record.json');
    const before = await readFile(record, 'utf8');
    const two = await ehmam(folder, words('b'));
    return first(
      accepted(one),
      refused(two, /contains the result of a\/checkpoint, which has the same name 'checkpoint'/),
      (await readFile(record, 'utf8')) === before ? undefined : 'the first result is another now',
    );
  },
  async 'split-named-valid'(folder) {
    return refused(await validated(folder, 'ks', 'valid.csv'), /Did you mean 'valid'/);
  },
  async 'stdout-on-a-full-disk'(folder) {
    const full = await open('/dev/full', 'w');
    const result = await ehmam(folder, ['compare', 'results', '--format', 'json'], { stdout: full.fd });
    await full.close();
    return first(expectCode(result, 1), expectText(result, /disk is full/));
  },
  async 'symlinked-audio'(folder) {
    await chmod(join(folder, 'make.sh'), 0o755);
    await run('sh', ['make.sh'], folder);
    const result = await ehmam(folder, [
      'prepare',
      'folder',
      '--root',
      'tree',
      '--label-from-parent',
      '--out',
      'out',
    ]);
    if (result.code !== 0) return accepted(result);
    const rows = (await readFile(join(folder, 'out/tree.csv'), 'utf8')).trim().split('\n').length - 1;
    return rows === 6 ? undefined : `${rows} rows instead of 6`;
  },
  async w64(folder) {
    return first(
      refused(await features(folder, 'plain.w64'), /Sony Wave64/),
      refused(await features(folder, 'layer2.mp3'), /layer II/),
    );
  },
  async 'wav-size-field'(folder) {
    return first(
      await samplesOf(folder, 'size_zero.wav', 16000),
      await samplesOf(folder, 'size_plus8.wav', 16000),
      await samplesOf(folder, 'size_plus36.wav', 16000),
    );
  },
};
