/** @file From a SPEC to an encoder: a checkpoint's folder, `fbank`, or `random:<preset>`. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { HostParameters } from '../engine/tree.js';
import { messageOf, UserError } from '../errors.js';
import { encoderPreset, encoderPresets } from './ehmamConfig.js';
import type { Encoder } from './encoder.js';
import { families } from './families.js';
import { fbankDefault } from './fbank.js';
import { configFromOfficial } from './official.js';
import { readSafetensors } from './safetensors.js';

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
  const folder = await checkpointFolder(spec);
  const config = await readConfig(join(folder, configFile));
  const { tensors } = await readSafetensors(join(folder, weightsFile));
  return makeEncoder(
    basename(resolve(folder)),
    spec,
    config,
    { tensors, file: join(folder, weightsFile) },
    seed,
  );
}

async function checkpointFolder(spec: string): Promise<string> {
  const found = await stat(spec).catch(() => undefined);
  if (found?.isDirectory()) return spec;
  if (found?.isFile() && basename(spec) === weightsFile) return join(spec, '..');
  const presets = Object.keys(encoderPresets).map((name) => `random:${name}`);
  throw new UserError(`no encoder '${spec}'`, {
    mend: `An encoder is a checkpoint's folder (${configFile} and ${weightsFile}), fbank, or one of ${presets.join(', ')}`,
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
  const official = (config as { cfg?: unknown }).cfg;
  if (official === undefined) return (config as { encoder?: unknown }).encoder ?? config;
  const shaped =
    (official as { model?: unknown }).model === undefined
      ? { ...(config as object), model: official }
      : official;
  return configFromOfficial(shaped, file);
}

interface Weights {
  readonly tensors: HostParameters;
  readonly file: string;
}

function makeEncoder(
  name: string,
  spec: string,
  config: unknown,
  weights: Weights | undefined,
  seed: number,
): Encoder {
  const file = weights?.file ?? spec;
  const familyName = (config as { family?: unknown }).family;
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
    throw new UserError(`${issue?.path.join('.') || configFile}: ${issue?.message}`, {
      file,
      mend: `Mend ${configFile}`,
    });
  }
  const configured = family.configure(config);
  const started = configured.start(seed);
  const parameters = weights === undefined ? started : matching(started, weights);
  return { name, spec, hash: hashOf(configured.config, parameters), parameters, ...configured.encoder };
}

/** The weights that the encoder has; others in the file (decoder, loss predictor) are left. */
function matching(expected: HostParameters, { tensors, file }: Weights): HostParameters {
  const missing = Object.keys(expected).filter((name) => tensors[name] === undefined);
  if (missing.length > 0) throw new UserError(`parameters are missing: ${missing.join(', ')}`, { file });
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
