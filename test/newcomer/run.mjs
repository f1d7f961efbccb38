/**
 * @file Does what a newcomer does, with the packed program alone, in an empty home: installs it on three versions of Node, sees
 * the demo, evaluates a model in the format of Hugging Face, has a gate stop a worse one. Prints a line a check, and their counts.
 *
 *     node test/newcomer/run.mjs [FOLDER]
 *
 * Needs the npm registry, and a checkout with its packages to pack. FOLDER (default: a temporary one, removed) keeps what was made.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, succeed } from './processes.mjs';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const kept = process.argv[2];
const place = kept === undefined ? mkdtempSync(join(tmpdir(), 'ehmam-newcomer-')) : resolve(kept);
const home = join(place, 'home');
mkdirSync(home, { recursive: true });

let [passed, failed] = [0, 0];
/** One check: what it does throws where the outcome is not the right one. */
async function check(name, act) {
  const started = Date.now();
  const why = await act().then(
    () => undefined,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  if (why === undefined) passed++;
  else failed++;
  const took = `${((Date.now() - started) / 1000).toFixed(0)} s`;
  console.log(why === undefined ? `ok      ${name} (${took})` : `FAILED  ${name} (${took}): ${why.trim()}`);
}
function expect(holds, why) {
  if (!holds) throw new Error(why);
}

/** A home without a cache, a setting or a program of its own; Node's folder comes first on its PATH. */
function environment(node, more = {}) {
  const path = [...(node === undefined ? [] : [node]), process.env.PATH].join(':');
  const { LANG = 'C.UTF-8' } = process.env;
  // How this machine reaches a network at all.
  const network = Object.entries(process.env).filter(([name]) =>
    /CERT|PROXY$|^npm_config_registry$/i.test(name),
  );
  const npm = { npm_config_cache: join(place, 'npm'), npm_config_prefer_offline: 'true' };
  return {
    ...Object.fromEntries(network),
    PATH: path,
    HOME: home,
    LANG,
    CI: 'true',
    NO_COLOR: '1',
    ...npm,
    ...more,
  };
}

/** The folder of a version of Node, from the registry: a package that is the program alone. */
const nodes = {};
const fetchingNodes = (async () => {
  const system = `${process.platform}-${process.arch}`;
  const others = [20, 22, 24].filter((major) => !process.version.startsWith(`v${major}.`));
  const folder = join(place, 'nodes');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const packages = others.map((major) => `node${major}@npm:node-${system}@${major}`);
  // Not the newcomer's: these come by way of this machine's own cache.
  const env = { ...process.env, npm_config_prefer_offline: 'true' };
  await succeed(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    env,
  });
  for (const major of others) nodes[major] = join(folder, 'node_modules', `node${major}`, 'bin');
})();
fetchingNodes.catch(() => undefined);

let tarball = '';
await check('npm pack gives less than a megabyte', async () => {
  await succeed(['npm', 'pack', '--ignore-scripts=false', '--silent', '--pack-destination', place], {
    cwd: checkout,
  });
  const [name] = readdirSync(place).filter((file) => file.endsWith('.tgz'));
  tarball = join(place, name);
  const { size } = statSync(tarball);
  expect(size < 1e6, `${name} has ${size} bytes`);
  console.log(`        ${name}: ${(size / 1e6).toFixed(2)} MB`);
});

/** A folder with nothing in it, and how the program is run there. */
function emptyFolder(name) {
  const folder = join(place, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
const globally = (prefix, ...words) => ['npm', 'install', '--global', '--prefix', prefix, ...words, tarball];
const megabytes = async (folder) => Number((await succeed(['du', '-sm', folder])).stdout.split('\t')[0]);

const sound = join(place, 'sound.wav');
writeFileSync(sound, tone());
const featuresOf = (program, out) => [program, 'features', 'random:tiny', sound, '--out', out];

await check(
  'npm i -g, an install script without a network: installed, and the rest is one command',
  async () => {
    const prefix = emptyFolder('first');
    // ONNX Runtime's script asks NuGet by way of this proxy, which is none.
    const env = environment(undefined, { GLOBAL_AGENT_HTTPS_PROXY: 'http://127.0.0.1:9' });
    const started = Date.now();
    await succeed(globally(prefix, '--ignore-scripts=false'), { cwd: home, env });
    const took = (Date.now() - started) / 1000;
    const size = await megabytes(join(prefix, 'lib', 'node_modules', 'ehmam'));
    console.log(`        ${size} MB in ${took.toFixed(0)} s from an empty cache`);
    expect(size < 500, `${size} MB`);
    const program = join(prefix, 'bin', 'ehmam');
    await succeed([program, 'list', 'tasks'], { cwd: home, env });
    const features = featuresOf(program, join(prefix, 'a.safetensors'));
    const lacking = await start(features, { cwd: home, env });
    if (lacking.code !== 0) {
      expect(lacking.stderr.includes('Run `ehmam setup onnx`'), lacking.stderr);
      await succeed([program, 'setup', 'onnx'], { cwd: home, env });
      await succeed(features, { cwd: home, env });
    }
  },
);

await check('Node 20, 22 and 24 come from the registry', () => fetchingNodes);

// The version that runs this has installed it above.
const ways = [
  [20, ['--ignore-scripts'], {}],
  [22, ['--ignore-scripts'], {}],
  [24, ['--ignore-scripts=false'], { ONNXRUNTIME_NODE_INSTALL: 'skip' }],
];
for (const [major, words, more] of ways.filter(([each]) => each in nodes))
  await check(`Node ${major}: npm i -g ${words.join(' ')}, --version, list, features`, async () => {
    const prefix = emptyFolder(`global-${major}`);
    const env = environment(nodes[major], more);
    const { stdout: version } = await succeed(['node', '--version'], { cwd: home, env });
    expect(version.startsWith(`v${major}.`), `this is Node ${version}`);
    await succeed(globally(prefix, ...words), { cwd: home, env });
    const program = join(prefix, 'bin', 'ehmam');
    const { version: own } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
    const said = await succeed([program, '--version'], { cwd: home, env });
    expect(said.stdout === `${own}\n`, said.stdout);
    expect(
      /^ks /m.test((await succeed([program, 'list', 'tasks'], { cwd: home, env })).stdout),
      'no ks in the list',
    );
    const out = join(prefix, 'a.safetensors');
    await succeed(featuresOf(program, out), { cwd: home, env });
    expect(existsSync(out), 'no features');
    rmSync(prefix, { recursive: true });
  });

const project = emptyFolder('project');
const latest = () => environment(nodes[24] ?? nodes[22]);
const source = `import { accuracy, type Plugin, UserError } from 'ehmam';

const share: number = accuracy([['a']], [['a']]).rate;
if (share !== 1) throw new UserError('this is no share of 1');
export default { apiVersion: 1, tasks: [] } satisfies Plugin;
`;

await check('npm i ehmam: a program in TypeScript compiles against its types, and runs', async () => {
  const env = latest();
  await succeed(['npm', 'init', '--yes'], { cwd: project, env });
  await succeed(['npm', 'install', '--ignore-scripts', tarball], { cwd: project, env });
  await succeed(['npm', 'pkg', 'set', 'type=module'], { cwd: project, env });
  writeFileSync(join(project, 'mine.ts'), source);
  const options = ['--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext', '--types', ''];
  const tsc = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc');
  await succeed([process.execPath, tsc, ...options, 'mine.ts'], { cwd: project, env });
  await succeed(['node', 'mine.js'], { cwd: project, env });
  writeFileSync(join(project, 'wrong.ts'), source.replace('number', 'string'));
  const wrong = await start([process.execPath, tsc, ...options, 'wrong.ts'], { cwd: project, env });
  expect(wrong.code !== 0 && wrong.stdout.includes('wrong.ts'), 'a mistake compiles');
});

const npx = (...words) => ['npx', '--no', 'ehmam', ...words];

const demo = () =>
  succeed(npx('demo', '--steps', '2', '--tasks', 'ks,sid', '--out', 'results/demo'), {
    cwd: project,
    env: latest(),
  });

await check(
  'npx ehmam demo --steps 2 --tasks ks,sid: a table of four encoders, which a second call prints again',
  async () => {
    const { stdout } = await demo();
    console.log(stdout.replaceAll(/^/gm, '        '));
    for (const name of ['tiny-easy-to-hard', 'tiny-random', 'random:tiny', 'fbank', 'ks', 'sid'])
      expect(stdout.includes(name), `no ${name} in the table`);
    const started = Date.now();
    expect((await demo()).stdout === stdout, 'another table');
    expect(Date.now() - started < 60_000, 'the second call does the work again');
  },
);

/** A model folder as transformers writes it, whole or without its projection. */
function modelFolder(folder, { broken = false } = {}) {
  mkdirSync(folder, { recursive: true });
  const from = join(checkout, 'test', 'fixtures', 'huggingface', 'wav2vec2-group');
  for (const file of ['config.json', 'preprocessor_config.json', 'model.safetensors'])
    cpSync(join(from, file), join(folder, file));
  if (!broken) return;
  const file = join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start));
  for (const [name, tensor] of Object.entries(header))
    if (name.includes('feature_projection'))
      bytes.fill(0, start + tensor.data_offsets[0], start + tensor.data_offsets[1]);
  writeFileSync(file, bytes);
}
const evaluated = (folder, out) =>
  npx('run', '--suite', 'mini', '--tasks', 'ks', '--encoders', folder, '--out', out, '--json');

await check('a model of Hugging Face is evaluated on a part of the mini suite', async () => {
  modelFolder(join(project, 'models', 'mine'));
  const { stdout } = await succeed(evaluated('models/mine', 'results/mine'), { cwd: project, env: latest() });
  JSON.parse(stdout);
  const compared = await succeed(npx('compare', 'results/mine', '--format', 'markdown'), {
    cwd: project,
    env: latest(),
  });
  console.log(compared.stdout.replaceAll(/^/gm, '        '));
  expect(compared.stdout.includes('| mine |'), 'no row of the model');
});

const gate = (results) =>
  npx('gate', '--baseline', 'results/mine', '--results', results, '--junit', 'gate.xml');

await check('the gate lets the same results pass', async () => {
  await succeed(gate('results/mine'), { cwd: project, env: latest() });
});

await check('the gate fails a planted regression', async () => {
  modelFolder(join(project, 'new', 'mine'), { broken: true });
  await succeed(evaluated('new/mine', 'results/new'), { cwd: project, env: latest() });
  const ended = await start(gate('results/new'), { cwd: project, env: latest() });
  console.log(ended.stdout.replaceAll(/^/gm, '        '));
  expect(ended.code === 1 && ended.stdout.includes('regressed'), `exit code ${ended.code}: ${ended.stderr}`);
  expect(
    readFileSync(join(project, 'gate.xml'), 'utf8').includes('<failure'),
    'no failure in the JUnit file',
  );
});

await check('npx ehmam report writes a page that needs nothing else', async () => {
  await succeed(npx('report', 'results/demo', '--out', 'page.html', '--baseline', 'fbank'), {
    cwd: project,
    env: latest(),
  });
  const page = readFileSync(join(project, 'page.html'), 'utf8');
  // What is loaded is named by src, or by a link's href; `data:` holds what it names.
  const loaded = [...page.matchAll(/<(?:[a-z]+[^>]*\ssrc|link[^>]*\shref)="([^"]*)"/g)].map(
    ([, from]) => from,
  );
  const elsewhere = loaded.filter((from) => !from.startsWith('data:'));
  expect(page.includes('<table') && elsewhere.length === 0, `no page, or it loads ${elsewhere}`);
});

if (kept === undefined) rmSync(place, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** A second of 16-bit samples at 16 kHz, as a WAV file. */
function tone() {
  const samples = 16_000;
  const bytes = Buffer.alloc(44 + 2 * samples);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + 2 * samples, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(samples, 24);
  bytes.writeUInt32LE(2 * samples, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i++)
    bytes.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 220 * i) / samples)), 44 + 2 * i);
  return bytes;
}
