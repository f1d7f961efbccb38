/** @file From a SPEC to an encoder: a checkpoint's folder or `.pt` file, an ONNX file, a model of the hub, a preset of a family. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../base/errors.js';
import { closestName } from '../base/names.js';
import { readJsonFile } from '../formats/json-file.js';
import { type Checkpoint, checkpointEncoder, encoderOf } from './checkpoint.js';
import { configure } from './configured.js';
import type { Encoder } from './encoder.js';
import { kindOfTorchFile, readTorchEncoder } from './fairseq/read.js';
import { readHubFolder } from './huggingface/folder.js';
import { type HubModel, parseHubSpec } from './huggingface/hub-cache.js';
import { indexFile, torchFile, torchIndexFile } from './huggingface/stored.js';
import type { OfficialWeights } from './official/weights.js';
import { descriptionFile } from './onnx/description.js';
import { isGraphFile, loadGraphEncoder } from './onnx/load.js';
import { configFile, readOwnFolder, weightsFile } from './own-folder.js';
import { startParameters } from './parameter-specs.js';
import { namedEncoders } from './registry.js';
import { type UpstreamName, unknownUpstream, upstreamNamed, upstreamNames } from './upstream-names.js';

export interface LoadOptions {
  /** Which weights of a checkpoint of the official trainer (default: the student's). */
  readonly weights?: OfficialWeights | undefined;
  /** No progress while a model of the hub is downloaded. */
  readonly quiet?: boolean | undefined;
}

/**
 * Loads what a SPEC names.
 * @param seed for `random:<preset>`
 * @throws UserError for an unknown SPEC, an unreadable checkpoint, missing, unknown or misshapen parameters
 */
export async function loadEncoder(spec: string, seed = 0, options: LoadOptions = {}): Promise<Encoder> {
  const { weights } = options;
  const place = await placeOf(spec);
  if (weights !== undefined && place.kind !== 'file') {
    throw new UserError(`--weights does not apply to '${spec}': it has no student and teacher`, {
      hint: 'Remove --weights: it is for checkpoints of the official trainer (.pt)',
    });
  }
  switch (place.kind) {
    case 'made': {
      const configured = configure(place.config, spec);
      return encoderOf(spec, spec, configured, startParameters(configured.specs, seed));
    }
    case 'file':
      return checkpointEncoder(spec, await readTorchEncoder(place.path, weights));
    case 'graph':
      return loadGraphEncoder(spec, place.path);
    case 'folder':
      return checkpointEncoder(spec, await readFolder(place.path));
    case 'hub': {
      return checkpointEncoder(spec, await readHub(spec, place.model, options));
    }
    case 'name': {
      const { name, spec: meant } = place.upstream;
      const read = await readHub(meant, parseHubSpec(meant) as HubModel, options);
      return checkpointEncoder(meant, {
        ...read,
        notes: [`using ${meant} for s3prl's name '${name}'`, ...read.notes],
      });
    }
  }
}

async function readHub(spec: string, model: HubModel, { quiet = false }: LoadOptions): Promise<Checkpoint> {
  const { repository, revision } = model;
  const [, name = repository] = repository.split('/');
  // The hub's library is loaded only by those who ask for it.
  const { bringVocabulary, hubFolder } = await import('./huggingface/download.js');
  const folder = await hubFolder(model, { quiet });
  const { recognition, ...read } = await readFolder(folder);
  return {
    ...read,
    name: spec.includes('@') ? `${name}@${revision}` : name,
    recognition:
      recognition &&
      (async () => {
        await bringVocabulary(model, folder, quiet);
        return recognition();
      }),
  };
}

async function readFolder(folder: string): Promise<Checkpoint> {
  const settings = await readJsonFile(join(folder, configFile), 'A checkpoint folder needs this file');
  return isHubConfig(settings) ? readHubFolder(folder, settings) : readOwnFolder(folder, settings);
}

/** Whether a SPEC is a file of the official trainer, which may hold a student and a teacher. */
export async function isOfficialFile(spec: string): Promise<boolean> {
  const place = await placeOf(spec).catch(() => undefined);
  if (place?.kind !== 'file') return false;
  return (await kindOfTorchFile(place.path).catch(() => 'official')) === 'official';
}

/** Whether a SPEC is an ONNX file, or a folder of one. */
export async function isGraphSpec(spec: string): Promise<boolean> {
  return (await placeOf(spec)).kind === 'graph';
}

/** What a SPEC stands for. */
type Place =
  | { readonly kind: 'made'; readonly config: unknown }
  | { readonly kind: 'hub'; readonly model: HubModel }
  | { readonly kind: 'graph'; readonly path: string }
  /** A name that s3prl has for a model of the hub. */
  | { readonly kind: 'name'; readonly upstream: UpstreamName }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string };

/** Files of which the folder is meant. */
const folderFiles = [weightsFile, indexFile, torchFile, torchIndexFile];

async function placeOf(spec: string): Promise<Place> {
  const named = namedEncoders();
  const preset = named.find((each) => each.spec === spec);
  if (preset !== undefined) return { kind: 'made', config: preset.config };
  const specs = named.map((each) => each.spec);
  if (spec.startsWith(randomPrefix)) throw unknownPreset(spec, specs);
  const model = parseHubSpec(spec);
  if (model !== undefined) return { kind: 'hub', model };
  const found = await stat(spec).catch(() => undefined);
  if (found?.isDirectory()) return { kind: (await holdsGraph(spec)) ? 'graph' : 'folder', path: spec };
  if (found?.isFile() && isGraphFile(spec)) return { kind: 'graph', path: spec };
  if (found?.isFile() && folderFiles.includes(basename(spec))) return { kind: 'folder', path: dirname(spec) };
  if (found?.isFile()) return { kind: 'file', path: spec };
  const upstream = upstreamNamed(spec);
  if (upstream !== undefined) return { kind: 'name', upstream };
  throw noEncoder(spec, specs);
}

/** What may have been meant is said first. */
function noEncoder(spec: string, specs: readonly string[]): UserError {
  const known = unknownUpstream(spec);
  if (known !== undefined) return new UserError(known.what, { hint: known.hint });
  const hint = meantSpec(spec, specs);
  return new UserError(`unknown encoder '${spec}'`, {
    hint: `${hint === undefined ? '' : `Did you mean ${hint}? `}Expected a checkpoint folder (${configFile} and ${weightsFile}), a fairseq file (.pt), an ONNX file (.onnx), hf:OWNER/NAME, an s3prl name (hubert, wavlm_base_plus, ...), or one of ${specs.join(', ')}`,
  });
}

/** A model of the hub without `hf:` before it, or a name close to one of ours or of s3prl's. */
function meantSpec(spec: string, specs: readonly string[]): string | undefined {
  const bare = upstreamNames.find((each) => each.spec === `hf:${spec}` || each.spec.endsWith(`/${spec}`));
  if (bare !== undefined) return bare.spec;
  if (/^[\w-]+\/[\w.-]+$/.test(spec) && !/\.\w{2,11}$/.test(spec)) return `hf:${spec}`;
  if (!/^[\w-]+$/.test(spec)) return undefined;
  const close = closestName(spec.replaceAll('-', '_'), [...specs, ...upstreamNames.map(({ name }) => name)]);
  const model = close && upstreamNamed(close)?.spec;
  return model === undefined ? close : `${close} (${model})`;
}

/** Whether a folder is one of an ONNX file: it has a description, or nothing else that could be meant. */
async function holdsGraph(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  if (names.includes(descriptionFile)) return true;
  return !names.includes(configFile) && names.some(isGraphFile);
}

const randomPrefix = 'random:';

function unknownPreset(spec: string, specs: readonly string[]): UserError {
  const presets = specs.flatMap((each) =>
    each.startsWith(randomPrefix) ? [each.slice(randomPrefix.length)] : [],
  );
  return new UserError(`unknown preset '${spec.slice(randomPrefix.length)}'`, {
    hint: `Expected one of: ${presets.join(', ')} (--plugin MODULE loads others)`,
  });
}

/** Ours say their family, those of transformers their model type. */
function isHubConfig(settings: unknown): boolean {
  return typeof settings === 'object' && settings !== null && 'model_type' in settings;
}
