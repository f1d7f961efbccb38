/** @file `ehmam setup cuda` on machines made of files, with an index of packages of its own: what is found, brought, packed, refused. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runtimeVersions } from '../../base/versions.js';
import { writeZip } from '../../data/archives/archives.fixture.js';
import { type FileServer, serveFiles } from '../../download/server.fixture.js';
import {
  below,
  cudnnFiles,
  driverFiles,
  type MadeUp,
  madeUpMachine,
  providerFiles,
  sharedObject,
  toolkitFiles,
  writeFiles,
} from '../../engine/cuda/made-up.fixture.js';
import { installedFolder } from '../../engine/cuda/places.js';
import { librariesOf, noteLibraries, readNote } from '../../engine/cuda-libraries.js';
import { type CudaSetup, setUpCuda } from './cuda.js';
import { cudaReport } from './cuda-report.js';

const version = runtimeVersions().onnxruntime;
const wheelName = `onnxruntime_gpu-${version}-cp312-cp312-manylinux_2_28_x86_64.whl`;
const made: string[] = [];
let cache: string;
let server: FileServer;
let wheel: Buffer;

/** The bytes of a wheel with these files. */
async function wheelOf(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const file = join(cache, 'made.whl');
  await writeZip(
    file,
    Object.entries(files).map(([name, content]) => ({ name, content })),
  );
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
}

/** What an index answers that offers a wheel. */
const indexOf = (bytes: Buffer, more: object = {}, filename = wheelName): Buffer =>
  Buffer.from(
    JSON.stringify({
      meta: { 'api-version': '1.1' },
      files: [
        { filename: filename.replace('x86_64', 'aarch64'), url: 'none', hashes: { sha256: 'f0' } },
        {
          filename,
          url: `../../files/${filename}`,
          size: bytes.length,
          hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
          ...more,
        },
      ],
    }),
  );

beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'ehmam-setup-cuda-'));
  made.push(cache);
  vi.stubEnv('EHMAM_CACHE', join(cache, 'cache'));
  wheel = await wheelOf({
    'onnxruntime/__init__.py': Buffer.from('pass'),
    ...below('onnxruntime/capi', providerFiles(version, 13)),
  });
  server = await serveFiles({
    '/simple/onnxruntime-gpu/': indexOf(wheel),
    [`/files/${wheelName}`]: wheel,
  });
  vi.stubEnv('PIP_INDEX_URL', `${server.url}/simple/`);
});
afterEach(() => server.close());
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

const cuda13 = { ...below('usr/local/cuda/lib64', toolkitFiles(13)), ...below('usr/lib64', cudnnFiles) };
const gpuNode = { ...driverFiles('580.65.06'), ...cuda13 };
const machineOf = (files: Readonly<Record<string, Buffer>>): MadeUp => {
  const machine = madeUpMachine(files);
  made.push(machine.root);
  return machine;
};
const scripts: string[] = [];
const setUp = (machine: MadeUp, options: CudaSetup = {}) =>
  setUpCuda(options, {
    machine,
    say: () => undefined,
    runScript: async () => {
      scripts.push(machine.root);
      writeFiles(machine.root, below('npm', providerFiles(version, 12)));
    },
    download: { tries: 2, wait: async () => undefined },
    system: { platform: 'linux', arch: 'x64' },
  });
const complaint = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no complaint',
    (error: Error) => error.message,
  );
const left = (): string[] => {
  try {
    return readdirSync(join(cache, 'cache/libraries'), { recursive: true }).map(String).sort();
  } catch {
    return [];
  }
};

describe('a library that is nowhere', () => {
  it('is downloaded from the index as the wheel for CUDA 13, checked, and noted down with what it needs', async () => {
    const machine = machineOf(gpuNode);
    const done = await setUp(machine);
    expect(done).toMatchObject({ brought: 'downloaded', problems: [], library: { cuda: 13 } });
    expect(server.requests).toEqual(['/simple/onnxruntime-gpu/', `/files/${wheelName}`]);
    const libraries = librariesOf(done, machine);
    expect(libraries.onnxruntime).toBe(installedFolder(version, 13));
    expect(readdirSync(libraries.onnxruntime)).toEqual([
      'libonnxruntime.so.1',
      'libonnxruntime_providers_cuda.so',
      'libonnxruntime_providers_shared.so',
    ]);
    await noteLibraries(libraries);
    expect(readNote(version)).toEqual(libraries);
    expect(cudaReport(done, undefined)).toEqual([
      `ONNX Runtime's CUDA library ${version} for CUDA 13: downloaded (${libraries.onnxruntime})`,
      'NVIDIA driver: 580.65.06, for CUDA 13 and 12',
      `CUDA and cuDNN: ${join(machine.root, 'usr/local/cuda/lib64')}, ${join(machine.root, 'usr/lib64')}`,
    ]);
    expect(await setUp(machine)).toEqual({ ...done, brought: undefined });
    expect(server.requests).toHaveLength(2);
  });

  it('is the one for CUDA 12, by the script of onnxruntime-node, where the driver is too old for 13', async () => {
    const machine = machineOf({
      ...driverFiles('550.54.15'),
      ...below('usr/local/cuda-12.4/lib64', toolkitFiles(12)),
      ...below('usr/lib64', cudnnFiles),
      ...below('site/onnxruntime/capi', providerFiles(version, 13)),
    });
    const done = await setUp({
      ...machine,
      run: (name) => (name === 'python3' ? join(machine.root, 'site') : undefined),
    });
    expect(done).toMatchObject({ brought: 'downloaded', problems: [], library: { cuda: 12 } });
    expect(scripts).toEqual([machine.root]);
    expect(cudaReport(done, undefined)[1]).toBe('NVIDIA driver: 550.54.15, for CUDA 12');
  });

  it('is downloaded on a node without a GPU as well, which says that the driver is missing', async () => {
    const done = await setUp(machineOf(cuda13));
    expect(done.problems.map(({ part }) => part)).toEqual(['driver']);
    expect(cudaReport(done, undefined).at(-1)).toMatch(
      /^missing: driver: no NVIDIA driver is loaded\. Install it \(580 or newer for CUDA 13\)/,
    );
  });

  it('is fetched from where an interrupted call stopped', async () => {
    writeFiles(cache, { [`cache/libraries/downloads/${wheelName}.incomplete`]: wheel.subarray(0, 100) });
    expect((await setUp(machineOf(gpuNode))).brought).toBe('downloaded');
    expect(server.requests.at(-1)).toBe(`/files/${wheelName} from 100`);
  });
});

describe('a download that cannot be used leaves nothing behind', () => {
  it.each([
    [
      'another checksum',
      () =>
        server.files.set('/simple/onnxruntime-gpu/', indexOf(wheel, { hashes: { sha256: 'ab'.repeat(32) } })),
      /the download differs from the published file: its SHA256 is .*, expected abab.*\. Try again, or name another index in PIP_INDEX_URL, or use --offline DIR$/,
    ],
    [
      'another length',
      () => server.files.set(`/files/${wheelName}`, wheel.subarray(0, 500)),
      /the server's file has 500 bytes, expected \d+\. Name another index in PIP_INDEX_URL/,
    ],
    [
      'no such version',
      () =>
        server.files.set('/simple/onnxruntime-gpu/', indexOf(wheel, {}, wheelName.replace(version, '1.0.0'))),
      /^cannot download onnxruntime-gpu .*: http.*\/simple\/onnxruntime-gpu\/ has no wheel for Linux on x64\. Run it again with a network/,
    ],
    [
      'a version that was withdrawn',
      () => server.files.set('/simple/onnxruntime-gpu/', indexOf(wheel, { yanked: 'broken' })),
      /has no wheel for Linux on x64/,
    ],
    [
      'an index that answers in HTML',
      () => server.files.set('/simple/onnxruntime-gpu/', Buffer.from('<html>')),
      /does not answer in JSON \(PEP 691\)/,
    ],
    ['an index without it', () => server.files.clear(), /\/onnxruntime-gpu\/ answered with status 404/],
    [
      'no network',
      () => vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:1/simple'),
      /^cannot download onnxruntime-gpu .*: http:\/\/127\.0\.0\.1:1\/simple\/onnxruntime-gpu\/ cannot be reached \(.*\)\. Run it again with a network \(a proxy .*\), or use --offline DIR$/,
    ],
    [
      'a library of another version in the wheel',
      async () => {
        const other = await wheelOf(below('onnxruntime/capi', providerFiles('1.29.1', 13)));
        server.files.set(`/files/${wheelName}`, other);
        server.files.set('/simple/onnxruntime-gpu/', indexOf(other));
      },
      new RegExp(`^libonnxruntime_providers_cuda\\.so is another version, expected ${version}\\. Run`),
    ],
  ])('%s', async (_name, change, message) => {
    await change();
    expect(await complaint(setUp(machineOf(gpuNode)))).toMatch(message);
    expect(left().filter((name) => /providers|unfinished/.test(name))).toEqual([]);
  });

  it('other systems have no such library', async () => {
    const io = { machine: machineOf({}), say: () => undefined, runScript: async () => undefined };
    expect(await complaint(setUpCuda({}, { ...io, system: { platform: 'darwin', arch: 'arm64' } }))).toMatch(
      /Linux on x64 and arm64 only; this is darwin on arm64\. Use --engine onnx --provider cpu, or webgpu$/,
    );
  });
});

describe('a folder instead of a network', () => {
  /** A login node with a toolkit, and the pack that it writes. */
  const packed = async (): Promise<{ readonly folder: string; readonly names: readonly string[] }> => {
    const folder = join(cache, 'pack');
    const { packed: names = [] } = await setUp(machineOf(cuda13), { pack: folder });
    rmSync(join(cache, 'cache'), { recursive: true });
    server.files.clear();
    return { folder, names: names as readonly string[] };
  };
  const computeNode = () => machineOf(driverFiles('580.65.06'));

  it('is a pack with the library, CUDA, cuDNN and what they load by themselves', async () => {
    const { folder, names } = await packed();
    expect([...names].sort()).toEqual(
      [
        'libonnxruntime_providers_cuda.so',
        'libonnxruntime_providers_shared.so',
        ...Object.keys({ ...toolkitFiles(13), ...cudnnFiles }).map((name) => `cuda/${name}`),
      ].sort(),
    );
    const machine = computeNode();
    const done = await setUp(machine, { offline: folder });
    expect(done).toMatchObject({ brought: 'copied', problems: [] });
    const installed = join(installedFolder(version, 13), 'cuda');
    expect([...new Set(librariesOf(done, machine).preload.map((file) => dirname(file)))]).toEqual([
      installed,
    ]);
    rmSync(folder, { recursive: true });
    expect((await setUp(machine)).preload.map((file) => basename(file))).toContain('libcudnn.so.9');
  });

  it('is refused where a file of a pack is cut off, changed or missing, and where it is for another version', async () => {
    const { folder } = await packed();
    const file = join(folder, 'cuda/libcublas.so.13');
    const whole = readFileSync(file);
    const offline = () => complaint(setUp(computeNode(), { offline: folder }));
    truncateSync(file, 20);
    expect(await offline()).toMatch(
      /libcublas\.so\.13: truncated or damaged: expected \d+ bytes .*\. Copy the pack again$/,
    );
    writeFileSync(file, Buffer.from(whole).fill(1, 0, 1));
    expect(await offline()).toMatch(/libcublas\.so\.13: truncated or damaged/);
    rmSync(file);
    expect(await offline()).toMatch(/libcublas\.so\.13: is missing\. Copy the pack again$/);
    const note = join(folder, 'cuda-pack.json');
    const text = readFileSync(note, 'utf8');
    writeFileSync(note, text.replace(version, '1.29.1'));
    expect(await offline()).toMatch(
      new RegExp(
        `cuda-pack\\.json: packed for ONNX Runtime 1\\.29\\.1, expected ${version}\\. Write the pack again`,
      ),
    );
    writeFileSync(note, text.replace('cuda/libcudart', '../libcudart'));
    expect(await offline()).toMatch(/cuda-pack\.json: truncated or damaged/);
    expect(left()).toEqual([]);
  });

  it('may have wheels that pip downloaded, or the libraries as they are', async () => {
    const wheels = join(cache, 'wheels');
    writeFiles(wheels, {
      [wheelName]: wheel,
      'nvidia_cuda_runtime-13.0.96-py3-none-manylinux_2_28_x86_64.whl': await wheelOf(
        below('nvidia/cu13/lib', toolkitFiles(13)),
      ),
      'nvidia_cudnn_cu13-9.14-py3-none-manylinux_2_28_x86_64.whl': await wheelOf(
        below('nvidia/cudnn/lib', cudnnFiles),
      ),
    });
    const loose = join(cache, 'loose');
    writeFiles(loose, {
      ...providerFiles(version, 13),
      ...toolkitFiles(13),
      ...cudnnFiles,
      'readme.txt': wheel,
    });
    for (const offline of [wheels, loose]) {
      expect(await setUp(computeNode(), { offline })).toMatchObject({ brought: 'copied', problems: [] });
      rmSync(join(cache, 'cache'), { recursive: true });
    }
    expect(server.requests).toEqual([]);
  });

  it('says what it lacks', async () => {
    const folder = join(cache, 'folder');
    const offline = () => complaint(setUp(computeNode(), { offline: folder }));
    expect(await offline()).toBe(`${folder}: no such folder, or nothing in it`);
    writeFiles(folder, { 'x.txt': sharedObject([]) });
    expect(await offline()).toMatch(
      /has neither cuda-pack\.json, nor a wheel of onnxruntime-gpu, nor libonnxruntime_providers_cuda\.so\. Run `ehmam setup cuda --pack DIR` or `pip download/,
    );
    writeFiles(folder, { [wheelName.replace(version, '1.29.1')]: wheel });
    expect(await offline()).toMatch(
      new RegExp(`onnxruntime_gpu-1\\.29\\.1-.* is another version, expected ${version}`),
    );
    writeFiles(folder, { [wheelName]: wheel.subarray(0, wheel.length - 30) });
    expect(await offline()).toMatch(new RegExp(`^${wheelName}: truncated or damaged`));
    expect(left()).toEqual([]);
  });

  it('a pack of a machine without CUDA has the library alone, and the report says so', async () => {
    const folder = join(cache, 'pack');
    const done = await setUp(machineOf({}), { pack: folder });
    expect(done.packed).toHaveLength(2);
    expect(cudaReport(done, folder).slice(1)).toEqual([
      `packed: 2 files (${folder})`,
      expect.stringMatching(/^missing: driver: /),
      expect.stringMatching(
        /^missing: toolkit: CUDA 13 is incomplete: .*python -m pip install "onnxruntime-gpu\[cuda,cudnn\]==/,
      ),
      expect.stringMatching(/^missing: cuDNN: cuDNN 9 is not installed/),
    ]);
  });
});
