/** @file What a pre-training run leaves on disk: its settings, its log, the encoder, and a place for checkpoints. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/files.js';
import { parsedJson } from '../base/json-text.js';
import { moduleFrom } from '../base/module-name.js';
import { jsonSource, type Path } from '../base/source-text.js';
import { checked } from '../base/validation.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { type PretrainConfig, pretrainSchema } from './config.js';
import { maskings } from './masking/index.js';
import { type RunData, runDataSchema } from './run-data.js';
import { type StartOrigin, startOriginSchema } from './start-origin.js';
import type { TrainingState } from './step.js';

export interface RunFolder {
  readonly path: string;
  readonly config: string;
  readonly log: string;
  readonly checkpoints: string;
  readonly student: string;
  readonly teacher: string;
}

/** What a run is begun with. */
export interface Run {
  readonly config: PretrainConfig;
  readonly data: RunData;
  /** The checkpoint whose weights it starts with; a run without starts with new ones. */
  readonly init?: StartOrigin | undefined;
}

export function runFolder(out: string): RunFolder {
  return {
    path: out,
    config: join(out, 'config.json'),
    log: join(out, 'log.jsonl'),
    checkpoints: join(out, 'checkpoints'),
    student: join(out, 'model.safetensors'),
    teacher: join(out, 'ema.safetensors'),
  };
}

/**
 * Writes the settings: the encoder's under `encoder`, where a SPEC's reader looks for them. A masking strategy of a plug-in
 * has its module under `plugins`, from the run's folder: the run goes on with it. What data it began with stands under `data`,
 * the checkpoint whose weights it started with under `init`.
 */
export async function writeConfig(folder: RunFolder, { config, data, init }: Run): Promise<void> {
  const { encoder, ...training } = config;
  const module = maskings.moduleOf(config.masking.strategy);
  const plugins = module === undefined ? {} : { plugins: [moduleSeenFrom(folder.path, module)] };
  await writeFileAtomic(
    folder.config,
    `${JSON.stringify({ encoder, training, data, init, ...plugins }, null, 2)}\n`,
  );
}

/** A path that says nothing of the machine, unless it lies on another disk; a package by its name. */
function moduleSeenFrom(folder: string, module: string): string {
  if (!isAbsolute(module)) return module;
  const path = relative(resolve(folder), module).replaceAll('\\', '/');
  return isAbsolute(path) || path.startsWith('../') ? path : `./${path}`;
}

const recordedSchema = z.object({
  training: z.object({ masking: z.object({ strategy: z.string() }) }),
  plugins: z.array(z.string()).default([]),
});

/**
 * The plug-ins to load before a run goes on, as `loadPlugins` takes them: those it began with, unless its masking strategy
 * is known already. None where the folder holds no run; what is wrong with its settings, opening the run says.
 */
export async function missingPlugins(folder: RunFolder): Promise<readonly string[]> {
  const text = await readFile(folder.config, 'utf8').catch(() => 'null');
  const { success, data } = recordedSchema.safeParse(parsedJson(text));
  if (!success || maskings.has(data.training.masking.strategy)) return [];
  return data.plugins.map((module) => moduleFrom(folder.path, module));
}

/** What `writeConfig` writes. */
const writtenSchema = z.object({
  encoder: z.unknown().optional(),
  training: z.record(z.string(), z.unknown()),
  data: z.unknown().optional(),
  init: z.unknown().optional(),
});

/** The settings of the run in a folder; undefined when there is none. */
export async function readConfig(folder: RunFolder): Promise<PretrainConfig | undefined> {
  return (await readRun(folder))?.config;
}

/**
 * The settings and the data of the run in a folder (no data of one that an earlier version began); undefined when there is none.
 * @throws UserError with file, line and column of each setting that is wrong
 */
export async function readRun(
  folder: RunFolder,
): Promise<(Pick<Run, 'config' | 'init'> & { readonly data: RunData | undefined }) | undefined> {
  const text = await readFile(folder.config, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const hint = 'Choose another --out, or remove the file';
  const source = jsonSource(text, folder.config, { hint, refuseDuplicates: false });
  const { encoder, training, data, init } = checked(writtenSchema, source, { hint });
  const settings = {
    file: source.file,
    value: { encoder, ...training },
    positionOf: (path: Path, key?: boolean) =>
      source.positionOf(path[0] === 'encoder' ? path : ['training', ...path], key),
  };
  const part = <T>(schema: z.ZodType<T>, name: string, value: unknown): T =>
    checked(schema, { ...source, value }, { at: [name], place: name, hint });
  return {
    config: checked(pretrainSchema, settings, { hint }),
    data: part(runDataSchema.optional(), 'data', data),
    ...(init !== undefined && { init: part(startOriginSchema, 'init', init) }),
  };
}

/** Writes the trained encoder: the folder is then a SPEC. */
export async function writeEncoder(folder: RunFolder, state: TrainingState): Promise<void> {
  await writeSafetensors(folder.teacher, state.teacher);
  await writeSafetensors(folder.student, state.student);
}

/** Drops the lines of the log that a resumed run will write again. */
export async function trimLog(folder: Pick<RunFolder, 'log'>, steps: number): Promise<void> {
  const text = await readFile(folder.log, 'utf8').catch(() => '');
  const kept = text.split('\n').filter((line) => {
    try {
      return (JSON.parse(line) as { step: number }).step <= steps;
    } catch {
      return false;
    }
  });
  await writeFileAtomic(folder.log, kept.map((line) => `${line}\n`).join(''));
}
