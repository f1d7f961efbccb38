/** @file GPUs of a suite's jobs: which take one, which device a worker has, what is refused. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEngine } from '../engine/create.js';
import { visibleDevices } from '../engine/devices.js';
import { loadSuite } from './definition.js';
import { devicesFor } from './gpus.js';
import { type GraphOptions, planGraph } from './graph.js';
import type { Job, JobGraph } from './job.js';
import { runLocally, workersFor } from './local.js';
import type { Suite } from './schema.js';
import { planArrays } from './slurm/arrays.js';
import { scriptText } from './slurm/script.js';
import { writeGraph } from './state.js';
import { writeTones } from './tones.fixture.js';

vi.mock('../engine/create.js', { spy: true });

let folder: string;
let suite: Suite;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-gpus-'));
  suite = await loadSuite(await writeTones(folder, undefined, 4));
});
afterAll(() => rm(folder, { recursive: true }));

const graphOn = (engine: GraphOptions['engine'], of: Partial<Suite> = {}): Promise<JobGraph> =>
  planGraph(
    { ...suite, ...of },
    {
      ...{ seeds: [1], training: {}, engine, maxBadShare: 0, plugins: [], quiet: true },
      ...{ out: join(folder, 'out'), cacheFolder: join(folder, 'cache') },
    },
  );
const cuda = { name: 'onnx', provider: 'cuda' } as const;

describe('jobs', () => {
  it('take a GPU each where they compute on CUDA devices, or as many as the suite says', async () => {
    const gpus = ({ jobs }: JobGraph): (number | undefined)[] => [
      ...new Set(jobs.map(({ resources }) => resources.gpus)),
    ];
    expect(gpus(await graphOn(cuda))).toEqual([1]);
    expect(gpus(await graphOn({ name: 'onnx' }))).toEqual([undefined]);
    const two = await graphOn(cuda, { resources: { features: { gpus: 2, cpus: 3 } } });
    expect(two.jobs.find(({ kind }) => kind === 'features')?.resources).toEqual({ gpus: 2, cpus: 3 });
    await expect(graphOn(cuda, { resources: { head: { gpus: 0 } } })).rejects.toThrow(
      'resources.head.gpus is 0, but with --provider cuda every job computes on a GPU. Remove it, or use --provider cpu',
    );
  });

  it('are other jobs in tf32, and the same as before in fp32', async () => {
    const keys = async (engine: GraphOptions['engine']): Promise<string[]> =>
      (await graphOn(engine)).jobs.map(({ key }) => key);
    const fp32 = await keys(cuda);
    expect(await keys({ ...cuda, precision: 'fp32', deviceMemory: 8e9 })).toEqual(fp32);
    const tf32 = await keys({ ...cuda, precision: 'tf32' });
    expect(tf32.filter((key) => fp32.includes(key))).toEqual([]);
  });

  it('ask Slurm for their GPUs', async () => {
    const { jobs } = await graphOn(cuda);
    const place = { state: '/s', folder: '/s/slurm', program: ['ehmam'], workingFolder: '/s' };
    for (const array of planArrays(jobs, new Set(), 100))
      expect(scriptText(array, place, 75)).toContain('#SBATCH --gres=gpu:1\n');
  });
});

describe('devices', () => {
  it('are those that CUDA_VISIBLE_DEVICES names, else those that the driver has', async () => {
    const driver = join(folder, 'gpus');
    for (const name of ['0000:01:00.0', '0000:02:00.0', '0000:03:00.0'])
      await mkdir(join(driver, name), { recursive: true });
    const count = (
      environment: Record<string, string>,
      at = driver,
      list = () => undefined as string | undefined,
    ) => visibleDevices({ environment, driver: at, list });
    expect(count({})).toBe(3);
    const visible = (names: string): number => count({ CUDA_VISIBLE_DEVICES: names });
    expect(['0', '2,0', '', '-1', '0,9,1', 'GPU-8932f937, MIG-c6d4'].map(visible)).toEqual([
      1, 2, 0, 0, 1, 2,
    ]);
    const none = join(folder, 'none');
    expect(count({}, none)).toBe(0);
    expect(count({ CUDA_VISIBLE_DEVICES: '0' }, none)).toBe(0);
    expect(
      count(
        {},
        none,
        () => 'GPU 0: NVIDIA H100 (UUID: GPU-1)\n  MIG 1g.10gb Device 0: (UUID: MIG-1)\nGPU 1: x\n',
      ),
    ).toBe(2);
  });

  it('are all that there are where nothing is said, and only those that are there', () => {
    expect(devicesFor(cuda, undefined, () => 2)).toEqual([0, 1]);
    expect(devicesFor(cuda, [1], () => 2)).toEqual([1]);
    expect(devicesFor(cuda, undefined, () => 0)).toEqual([0]);
    expect(devicesFor({}, undefined, () => 2)).toBeUndefined();
    expect(() => devicesFor(cuda, [7], () => 1)).toThrow(
      '--devices 7: unknown device 7, this machine has 1 CUDA device. Choose from 0',
    );
    expect(() => devicesFor(cuda, [0, 7], () => 2)).toThrow(
      'this machine has 2 CUDA devices. Choose from 0, 1',
    );
    expect(() => devicesFor(cuda, [0], () => 0)).toThrow(
      "unknown device 0, this machine has no CUDA device. Check 'nvidia-smi -L' and CUDA_VISIBLE_DEVICES",
    );
    expect(() => devicesFor({ provider: 'cpu' }, [0], () => 1)).toThrow(
      '--devices needs jobs that compute on CUDA devices. Use --provider cuda',
    );
  });

  it('have one worker each, or fewer', async () => {
    const graph = await graphOn(cuda);
    expect(workersFor(graph, 9, undefined, [0, 1, 2], true)).toBe(3);
    expect(workersFor(graph, 9, 2, [0, 1, 2], true)).toBe(2);
    expect(workersFor(graph, 9, 8, [4], true)).toBe(1);
    expect(workersFor(graph, 1, undefined, [0, 1], true)).toBe(1);
  });
});

it('a worker computes on its device, within the memory that it may use', async () => {
  const engines = vi.mocked(createEngine);
  engines.mockClear();
  const made = await vi.importActual<typeof import('../engine/create.js')>('../engine/create.js');
  engines.mockImplementation((name) => made.createEngine(name, { threads: 1 }));
  const graph = await graphOn({ ...cuda, deviceMemory: 8e9 });
  const state = join(folder, 'out', '.ehmam');
  const file = await writeGraph(state, graph);
  const ignore = (): void => undefined;
  const failures: string[] = [];
  const report = await runLocally(state, graph, file, {
    workers: 1,
    devices: [5],
    estimator: { of: () => ({ seconds: 1 }) } as never,
    signal: new AbortController().signal,
    watcher: {
      ...{ started: ignore, progress: ignore, done: ignore, retried: ignore, putBack: ignore },
      failed: (_job: Job, message: string) => void failures.push(message),
    },
    say: ignore,
  });
  expect(failures).toEqual([]);
  expect(report.done).toBe(graph.jobs.length);
  expect(new Set(engines.mock.calls.map(([, settings]) => settings?.device))).toEqual(new Set([5]));
  expect(new Set(engines.mock.calls.map(([, settings]) => settings?.deviceMemory))).toEqual(new Set([8e9]));
});

it('a suite may say what computes, and refuses what it cannot be', async () => {
  const file = join(folder, 'engine.yaml');
  await writeFile(file, 'name: e\nengine: { provider: cuda, precision: tf32, deviceMemory: 8GB }\n');
  expect((await loadSuite(file)).engine).toEqual({
    provider: 'cuda',
    precision: 'tf32',
    deviceMemory: '8GB',
  });
  await writeFile(file, 'name: e\nengine: { provider: cuda, precision: bf16 }\n');
  await expect(loadSuite(file)).rejects.toThrow('engine.precision');
});
