/** @file Finds out what works on this machine, by trying it. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/errors.js';
import { userCacheFolder, writeFileAtomic } from '../../base/files.js';
import { cudaProblems } from '../../engine/cuda-libraries.js';
import type { EngineName, ProviderName } from '../../engine/engine.js';
import { runtimeVersions, type Versions } from '../../results/index.js';
import type { ProbeAnswer } from './probe.js';

export interface Check {
  readonly name: string;
  readonly works: boolean;
  readonly detail: string;
  /** What to do where it does not work. */
  readonly hint?: string;
  /** Whether the harness needs it. */
  readonly needed: boolean;
}

export interface Diagnosis {
  readonly versions: Versions;
  readonly platform: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGB: { readonly total: number; readonly free: number };
  readonly checks: readonly Check[];
}

interface Candidate {
  readonly engine: EngineName;
  readonly provider: ProviderName;
  readonly needed: boolean;
  readonly hint: string;
}

const reinstall = 'Install ehmam again (in a checkout: `npm ci`)';
const candidates: readonly Candidate[] = [
  { engine: 'onnx', provider: 'cpu', needed: true, hint: '`ehmam setup onnx`' },
  {
    engine: 'onnx',
    provider: 'cuda',
    needed: false,
    hint: 'With an NVIDIA GPU, its driver, CUDA and cuDNN 9 (Linux): `ehmam setup cuda`',
  },
  {
    engine: 'onnx',
    provider: 'webgpu',
    needed: false,
    hint: 'Needs a GPU with a Vulkan, Metal or Direct3D 12 driver',
  },
  {
    engine: 'tensorflow',
    provider: 'cpu',
    needed: false,
    hint: '`ehmam setup tensorflow` (it downloads a library)',
  },
  { engine: 'wasm', provider: 'cpu', needed: false, hint: reinstall },
  { engine: 'cpu', provider: 'cpu', needed: false, hint: reinstall },
];

/** Tries one engine, as `diagnose` tries all. */
export async function tryEngine(wanted: Pick<Candidate, 'engine' | 'provider'>): Promise<Check> {
  const candidate = candidates.find(
    ({ engine, provider }) => engine === wanted.engine && provider === wanted.provider,
  );
  if (candidate === undefined) throw new Error(`no check of ${nameOf(wanted)}`);
  return checkEngine(candidate);
}

/** Starting TensorFlow.js and a GPU's driver takes seconds; a hang must not last. */
const probeTimeoutMilliseconds = 90_000;

/** @param tried told the name of each check before it is made */
export async function diagnose(tried: (name: string) => void): Promise<Diagnosis> {
  const checks: Check[] = [];
  for (const candidate of candidates) {
    tried(nameOf(candidate));
    checks.push(await checkEngine(candidate));
  }
  tried('cache folder');
  checks.push(await checkCache(userCacheFolder()));
  return {
    versions: runtimeVersions(),
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: { total: gigabytes(totalmem()), free: gigabytes(freemem()) },
    checks,
  };
}

function nameOf({ engine, provider }: Pick<Candidate, 'engine' | 'provider'>): string {
  return engine === 'onnx' ? `engine onnx, provider ${provider}` : `engine ${engine}`;
}

function gigabytes(bytes: number): number {
  return Math.round(bytes / 1e8) / 10;
}

async function checkEngine(candidate: Candidate): Promise<Check> {
  const answer = await probe(candidate);
  const { needed, hint } = candidate;
  const name = nameOf(candidate);
  if (!answer.works) {
    const missing = candidate.provider === 'cuda' && process.platform === 'linux' ? cudaProblems() : [];
    if (missing.length > 0)
      return {
        ...{ name, works: false, needed },
        detail: missing.map(({ what }) => what).join('; '),
        hint: missing.map((problem) => problem.hint).join('. '),
      };
    return { name, works: false, detail: answer.reason, needed, ...(!answer.saysHint && { hint }) };
  }
  const detail = `a program ran in ${Math.round(answer.milliseconds)} ms`;
  return { name, works: true, detail: answer.detail ? `${answer.detail}: ${detail}` : detail, needed };
}

function probe({ engine, provider }: Candidate): Promise<ProbeAnswer> {
  const script = fileURLToPath(new URL('./probe.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, engine, provider],
      { timeout: probeTimeoutMilliseconds },
      (error, stdout) => {
        const [, answer] = /^answer:(.*)$/m.exec(stdout) ?? [];
        if (answer !== undefined) resolve(JSON.parse(answer) as ProbeAnswer);
        else if (error?.killed) resolve({ works: false, reason: 'timed out' });
        else if (error?.signal) resolve({ works: false, reason: `its library crashed (${error.signal})` });
        else resolve({ works: false, reason: `its process ended with code ${String(error?.code ?? 0)}` });
      },
    );
  });
}

async function checkCache(folder: string): Promise<Check> {
  const name = 'cache folder';
  const file = join(folder, `doctor-${process.pid}`);
  try {
    await writeFileAtomic(file, 'written by ehmam doctor\n');
    await rm(file);
    return { name, works: true, detail: folder, needed: true };
  } catch (error) {
    return {
      name,
      works: false,
      detail: messageOf(error),
      hint: 'Set EHMAM_CACHE to a folder that you may write to',
      needed: true,
    };
  }
}
