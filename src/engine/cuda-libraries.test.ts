/** @file The search for CUDA on machines made of files: what is found where, and one line for each part that is missing. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { notInstalled, runtimeVersions } from '../base/versions.js';
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
} from './cuda/made-up.fixture.js';
import { noteFile } from './cuda/places.js';
import { searchCuda } from './cuda/search.js';
import { cudaLibraries, librariesOf, noteLibraries } from './cuda-libraries.js';

const version = runtimeVersions().onnxruntime;
const made: string[] = [];
let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'ehmam-cuda-cache-'));
  vi.stubEnv('EHMAM_CACHE', cache);
});
beforeEach(() => rmSync(join(cache, 'libraries'), { recursive: true, force: true }));
afterAll(() => {
  for (const folder of [cache, ...made]) rmSync(folder, { recursive: true, force: true });
});

const machineOf: typeof madeUpMachine = (...given) => {
  const machine = madeUpMachine(...given);
  made.push(machine.root);
  return machine;
};

const site = 'venv/lib/python3.11/site-packages';
const inVenv = (root: string) => ({ VIRTUAL_ENV: join(root, 'venv') });
const capi = (ofVersion = version, cuda = 13) =>
  below(`${site}/onnxruntime/capi`, providerFiles(ofVersion, cuda));
const wheels = {
  ...below(`${site}/nvidia/cu13/lib`, toolkitFiles(13)),
  ...below(`${site}/nvidia/cudnn/lib`, cudnnFiles),
};
/** A machine with all of CUDA 13 in a Python environment. */
const whole = { ...driverFiles('580.65.06'), ...capi(), ...wheels };

const without = (files: Readonly<Record<string, Buffer>>, ...names: string[]) =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !names.some((name) => path.includes(name))));

const complaint = (machine: MadeUp): string => {
  try {
    cudaLibraries(machine);
  } catch (error) {
    return (error as Error).message.replaceAll(machine.root, '');
  }
  return 'no complaint';
};

describe('what is found', () => {
  it('is a library of a Python environment beside ONNX Runtime itself, with all that it needs in load order', () => {
    const machine = machineOf(whole, inVenv);
    const { onnxruntime, preload, cuda } = cudaLibraries(machine);
    expect(cuda).toBe(13);
    expect(preload.map((file) => basename(file))).toEqual([
      'libcublasLt.so.13',
      'libcublas.so.13',
      'libcurand.so.10',
      'libcudart.so.13',
      'libnvrtc.so.13',
      'libcufft.so.12',
      'libcudnn.so.9',
    ]);
    expect([...new Set(preload.map((file) => dirname(file)))]).toEqual(
      ['cu13', 'cudnn'].map((name) => join(machine.root, site, 'nvidia', name, 'lib')),
    );
    const own = join(machine.root, 'npm/libonnxruntime.so.1');
    expect(readFileSync(join(onnxruntime, 'libonnxruntime.so.1')).equals(readFileSync(own))).toBe(true);
    expect(
      readFileSync(join(onnxruntime, 'libonnxruntime_providers_cuda.so')).equals(
        providerFiles(version, 13)['libonnxruntime_providers_cuda.so'] as Buffer,
      ),
    ).toBe(true);
  });

  it('is a library in EHMAM_ORT before all others, and a toolkit, where CUDA 12 is wanted', () => {
    const files = {
      ...driverFiles('535.104.05'),
      ...below('build', providerFiles(version, 12)),
      ...below('usr/local/cuda-12.4/targets/x86_64-linux/lib', toolkitFiles(12)),
      ...below('usr/lib/x86_64-linux-gnu', cudnnFiles),
    };
    const machine = machineOf(files, (root) => ({ EHMAM_ORT: join(root, 'build') }));
    const { cuda, preload } = cudaLibraries(machine);
    expect(cuda).toBe(12);
    expect(preload).toContain(
      join(machine.root, 'usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12'),
    );
  });

  it('is asked of LD_LIBRARY_PATH, the loader, the PATH and the named Python', () => {
    const files = {
      ...driverFiles('580.65.06'),
      ...below('opt/site/onnxruntime/capi', providerFiles(version, 13)),
      ...below('modules/lib', toolkitFiles(13)),
      ...below('opt/dnn', cudnnFiles),
    };
    const machine = machineOf(
      files,
      (root) => ({ LD_LIBRARY_PATH: `:${join(root, 'modules/lib')}` }),
      (root) => ({
        ldconfig: `2 libs found\n\tlibcudnn.so.9 (libc6,x86-64) => ${join(root, 'opt/dnn/libcudnn.so.9')}\n`,
        '/opt/python': `${join(root, 'opt/site')}\n`,
      }),
    );
    expect(searchCuda({ python: '/opt/python' }, machine).problems).toEqual([]);
    expect(complaint(machine)).toMatch(
      /^ONNX Runtime's CUDA library .* is not installed\. Run `ehmam setup cuda`$/,
    );
    expect(() => searchCuda({ python: '/no/python' }, machine)).toThrow(
      '--python /no/python: cannot be run. Name a Python interpreter',
    );
  });

  it('is the library that lacks least where there are several', () => {
    const machine = machineOf({ ...whole, ...below('build', providerFiles(version, 12)) }, (root) => ({
      ...inVenv(root),
      EHMAM_ORT: join(root, 'build'),
    }));
    expect(searchCuda({}, machine).library?.folder).toContain('site-packages');
    expect(searchCuda({ cuda: 12 }, machine).library?.folder).toBe(join(machine.root, 'build'));
  });

  it('a driver is told by nvidia-smi where the kernel says nothing of it', () => {
    const machine = machineOf(without(whole, 'proc/'), inVenv, () => ({
      'nvidia-smi': '580.65.06\n580.65.06\n',
    }));
    expect(searchCuda({}, machine).driver).toEqual({ version: '580.65.06', major: 580 });
    expect(complaint(machine)).toBe('no complaint');
  });
});

describe('what is missing is one line with what to do', () => {
  const pip = `"onnxruntime-gpu\\[cuda,cudnn\\]==${version}"`;
  it.each([
    [
      'no driver',
      without(whole, 'proc/', 'libcuda.so.1'),
      /^no NVIDIA driver is loaded\. Install it \(580 or newer for CUDA 13\), give a container its GPU \(--gpus all, --nv\), or use --provider cpu$/,
    ],
    [
      'a driver that is too old for CUDA 13',
      { ...whole, ...driverFiles('550.54.15') },
      /^the NVIDIA driver 550\.54\.15 is too old for CUDA 13: expected 580 or newer for CUDA 13\. Update the driver, or install the library for CUDA 12: `ehmam setup cuda --cuda 12`$/,
    ],
    [
      'a driver that is too old for any',
      { ...whole, ...driverFiles('470.57.02') },
      /^the NVIDIA driver 470\.57\.02 is too old for CUDA 13: .*\. Update the driver, or use --provider cpu$/,
    ],
    [
      "a container without the driver's library",
      without(whole, 'libcuda.so.1'),
      /^libcuda\.so\.1 of the NVIDIA driver is not found\. Give the container its GPU/,
    ],
    [
      'a library of another version',
      {
        ...whole,
        ...capi('1.29.1'),
        [`${site}/onnxruntime/capi/libonnxruntime.so.1.29.1`]: sharedObject([]),
      },
      new RegExp(
        `^/venv/.*/libonnxruntime_providers_cuda\\.so is version 1\\.29\\.1, expected ${version}\\. Run`,
      ),
    ],
    [
      'half a library',
      without(whole, 'providers_shared'),
      /^\/venv\/.*\/capi has no libonnxruntime_providers_shared\.so\. Run `ehmam setup cuda`$/,
    ],
    [
      'a damaged library',
      {
        ...whole,
        [`${site}/onnxruntime/capi/libonnxruntime_providers_cuda.so`]: providerFiles(version, 13)[
          'libonnxruntime_providers_cuda.so'
        ]?.subarray(0, 190) as Buffer,
      },
      /libonnxruntime_providers_cuda\.so is truncated or damaged\. Run `ehmam setup cuda`$/,
    ],
    [
      'half a toolkit',
      without(whole, 'libcublas', 'libnvrtc.so'),
      new RegExp(
        `^CUDA 13 is incomplete: libcublasLt\\.so\\.13, libcublas\\.so\\.13, libnvrtc\\.so\\.13 not found\\. Install the CUDA 13 toolkit, or run \`python -m pip install ${pip}\` and`,
      ),
    ],
    [
      'another toolkit',
      { ...without(whole, '/cu13/'), ...below('usr/local/cuda/lib64', toolkitFiles(12)) },
      /^CUDA 13 is incomplete: .*\. CUDA 12 is installed: run `ehmam setup cuda --cuda 12`, or install the CUDA 13 toolkit$/,
    ],
    [
      'no cuDNN',
      without(whole, 'libcudnn'),
      /^cuDNN 9 is not installed: libcudnn\.so\.9 not found\. Install cuDNN 9 for CUDA 13, or run/,
    ],
    [
      'cuDNN of another CUDA',
      { ...whole, [`${site}/nvidia_cudnn_cu12-9.10.dist-info/METADATA`]: Buffer.from('') },
      /^cuDNN in \/venv\/.*\/nvidia\/cudnn\/lib is for CUDA 12, expected CUDA 13\. Install nvidia-cudnn-cu13 in its place$/,
    ],
    [
      'nothing at all',
      {},
      /^no NVIDIA driver is loaded\. .*\nONNX Runtime's CUDA library .* is not installed\. Run/,
    ],
  ])('%s', (_name, files, message) => {
    expect(complaint(machineOf(files, inVenv))).toMatch(message);
  });

  it('several parts are a line each', () => {
    const machine = machineOf(without(whole, 'proc/', 'libcuda.so.1', 'libcudart', 'libcudnn'), inVenv);
    expect(
      complaint(machine)
        .split('\n')
        .map((line) => line.slice(0, 20)),
    ).toEqual(['no NVIDIA driver is ', 'CUDA 13 is incomplet', 'cuDNN 9 is not insta']);
  });

  it('EHMAM_ORT names a folder without a library', () => {
    const machine = machineOf(driverFiles('580.65.06'), (root) => ({ EHMAM_ORT: join(root, 'empty') }));
    expect(complaint(machine)).toBe(
      'EHMAM_ORT: /empty has no libonnxruntime_providers_cuda.so. Name the folder that has it, or unset EHMAM_ORT',
    );
  });
});

it('without ONNX Runtime itself there is no library to look for', () => {
  expect(searchCuda({ version: notInstalled }, machineOf({}, inVenv)).problems.at(-1)).toEqual({
    part: 'library',
    what: 'ONNX Runtime is not installed',
    hint: 'Run `ehmam setup onnx` first',
  });
});

describe('what was noted down', () => {
  it('is used without a search, as long as its files are there', async () => {
    const machine = machineOf(whole, inVenv);
    const found = librariesOf(searchCuda({}, machine), machine);
    expect(await noteLibraries(found)).toBe(noteFile(version));
    const elsewhere = { ...machine, environment: {} };
    expect(cudaLibraries(elsewhere)).toEqual(found);
    rmSync(join(machine.root, site, 'nvidia/cudnn'), { recursive: true });
    expect(complaint(elsewhere)).toMatch(/is not installed/);
    expect(complaint(machine)).toMatch(/^cuDNN 9 is not installed/);
  });

  it('does not hide a driver that fits no longer', async () => {
    const machine = machineOf(whole, inVenv);
    await noteLibraries(librariesOf(searchCuda({}, machine), machine));
    writeFiles(machine.root, driverFiles('570.86.10'));
    expect(complaint(machine)).toMatch(/^the NVIDIA driver 570\.86\.10 is too old for CUDA 13/);
  });

  it('is passed over where it is damaged', async () => {
    const machine = machineOf(whole, inVenv);
    const found = librariesOf(searchCuda({}, machine), machine);
    await noteLibraries(found);
    writeFiles(cache, { [`libraries/cuda-${version}.json`]: Buffer.from('{"version"') });
    expect(cudaLibraries(machine)).toEqual(found);
  });
});
