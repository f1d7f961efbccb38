/** @file From a SPEC to an encoder: a checkpoint's folder or `.pt` file, `fbank`, or `random:<preset>`. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { HostParameters } from '../engine/tree.js';
import { messageOf, UserError } from '../errors.js';
import { encoderPreset, encoderPresets } from './ehmamConfig.js';
import type { Encoder } from './encoder.js';
import { families } from './families.js';
import { fbankDefault } from './fbank.js';
import { readSafetensors } from './safetensors.js';
import { readOfficialEncoder } from './torch/official.js';

const configFile = 'config.json';
const weightsFile = 'model.safetensors';

/**
 * Loads what a SPEC names.
 * @param seed for `random:<preset>`
 * @throws UserError for an unknown SPEC, an unreadable checkpoint, missing or misshapen parameters
 */
export async function loadEncoder(spec: string, seed = 0): Promise<Encoder> {
  if (spec === 'fbank') return makeEncoder('fbank', spec, fbankDefault, undefined, seed);
  const preset = /^random:(.*)$/.exec(spec)?.[1];
  if (preset !== undefined) return makeEncoder(spec, spec, encoderPreset(preset), undefined, seed);
  const place = await checkpointPlace(spec);
  if ('file' in place) {
    const { file } = place;
    const { config, ...official } = await readOfficialEncoder(file);
    const weights = { ...official, file, configFile: file };
    return makeEncoder(basename(file, extname(file)), spec, config, weights, seed);
  }
  const weights = { file: join(place.folder, weightsFile), configFile: join(place.folder, configFile) };
  const config = await readConfig(weights.configFile);
  const { tensors } = await readSafetensors(weights.file);
  return makeEncoder(basename(resolve(place.folder)), spec, config, { tensors, ...weights }, seed);
}

/** A checkpoint's folder, or a file of the official trainer. */
type CheckpointPlace = { readonly folder: string } | { readonly file: string };

async function checkpointPlace(spec: string): Promise<CheckpointPlace> {
  const found = await stat(spec).catch(() => undefined);
  if (found?.isDirectory()) return { folder: spec };
  if (found?.isFile()) return basename(spec) === weightsFile ? { folder: dirname(spec) } : { file: spec };
  const presets = Object.keys(encoderPresets).map((name) => `random:${name}`);
  throw new UserError(`no encoder '${spec}'`, {
    mend: `An encoder is a checkpoint's folder (${configFile} and ${weightsFile}), a file of the official trainer (.pt), fbank, or one of ${presets.join(', ')}`,
  });
}

async function readConfig(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot be read (${messageOf(error)})`, {
      file,
      mend: 'A checkpoint folder holds it',
    });
  });
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UserError(`is not JSON (${messageOf(error)})`, { file });
  }
  return (config as { encoder?: unknown } | null)?.encoder ?? config;
}

type Shapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

interface Weights {
  readonly tensors: HostParameters;
  /** Those of the encoder's parameters; without them, the parameters it starts with are made to see. */
  readonly shapes?: Shapes;
  readonly file: string;
  /** The file that the configuration stands in. */
  readonly configFile: string;
}

function makeEncoder(
  name: string,
  spec: string,
  config: unknown,
  weights: Weights | undefined,
  seed: number,
): Encoder {
  const file = weights?.configFile ?? spec;
  const familyName = (config as { family?: unknown } | null)?.family;
  const family = families.get(String(familyName));
  if (family === undefined) {
    throw new UserError(`unknown encoder family '${String(familyName)}'`, {
      file,
      mend: `Families: ${[...families.keys()].join(', ')}`,
    });
  }
  const checked = family.schema.safeParse(config);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new UserError(`${issue?.path.join('.') || 'the configuration'}: ${issue?.message}`, {
      file,
      mend: 'Mend that setting',
    });
  }
  const configured = family.configure(config);
  const parameters =
    weights === undefined
      ? configured.start(seed)
      : matching(weights.shapes ?? configured.start(seed), weights);
  return { name, spec, hash: hashOf(configured.config, parameters), parameters, ...configured.encoder };
}

/** The weights that the encoder has; others in the file (decoder, loss predictor) are left. */
function matching(expected: Shapes, { tensors, file }: Weights): HostParameters {
  const missing = Object.keys(expected).filter((name) => tensors[name] === undefined);
  if (missing.length > 0) {
    throw new UserError(`parameters are missing: ${missing.join(', ')}`, {
      file,
      mend: 'Its settings must be those that the weights were trained with',
    });
  }
  return Object.fromEntries(
    Object.entries(expected).map(([name, { shape }]) => {
      const tensor = tensors[name];
      if (tensor === undefined || tensor.shape.join() !== shape.join()) {
        throw new UserError(`${name} is [${tensor?.shape.join(', ')}] and should be [${shape.join(', ')}]`, {
          file,
        });
      }
      return [name, tensor];
    }),
  );
}

/** SHA-256 over configuration and weights, in the order of their names. */
function hashOf(config: unknown, parameters: HostParameters): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const name of Object.keys(parameters).sort()) {
    const { data } = parameters[name] as HostParameters[string];
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
