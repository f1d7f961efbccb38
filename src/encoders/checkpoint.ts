/** @file From what a checkpoint holds to an encoder: parameters are judged here, for every format. */
import { createHash } from 'node:crypto';
import { UserError } from '../base/errors.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { ConfiguredFamily } from './configured.js';
import type { Encoder, EncoderOrigin } from './encoder.js';
import type { Specs } from './parameter-specs.js';

/** What was read of a checkpoint. */
export interface Checkpoint {
  /** Name shown in tables. */
  readonly name: string;
  readonly configured: ConfiguredFamily;
  /** The parameters found, under the encoder's names. */
  readonly tensors: HostParameters;
  /** The file, or folder, that errors about parameters name. */
  readonly file: string;
  readonly origin: EncoderOrigin;
  readonly notes: readonly string[];
  /** See `Encoder`. */
  readonly maskEmbedding?: HostTensor | undefined;
  readonly recognition?: Encoder['recognition'] | undefined;
}

/**
 * The encoder of a checkpoint.
 * @throws UserError for parameters that are missing or have another shape
 */
export function checkpointEncoder(spec: string, checkpoint: Checkpoint): Encoder {
  const { name, configured, tensors, file, origin, notes, maskEmbedding, recognition } = checkpoint;
  const encoder = encoderOf(name, spec, configured, matching(configured.specs, tensors, file));
  return {
    ...encoder,
    origin,
    notes,
    ...(maskEmbedding && { maskEmbedding }),
    ...(recognition && { recognition }),
  };
}

/** An encoder of these parameters. */
export function encoderOf(
  name: string,
  spec: string,
  configured: ConfiguredFamily,
  parameters: HostParameters,
): Encoder {
  return { name, spec, hash: hashOf(configured.hashed, parameters), parameters, ...configured.encoder };
}

/**
 * @param names the encoder's parameters in a file, under the names that the encoder has for them
 * @throws UserError listing the ones that are missing, and the ones that it has no place for
 */
export function checkNames(names: Iterable<string>, specs: Specs, file: string): void {
  const found = new Set(names);
  const missing = Object.keys(specs).filter((name) => !found.has(name));
  const unknown = [...found].filter((name) => !Object.hasOwn(specs, name));
  const complaints = [
    ...(missing.length > 0 ? [`missing parameters: ${listed(missing)}`] : []),
    ...(unknown.length > 0 ? [`unexpected parameters: ${listed(unknown)}`] : []),
  ];
  if (complaints.length === 0) return;
  throw new UserError(complaints.join('; '), {
    file,
    hint: 'Check that its settings are those that the weights were trained with',
  });
}

const mostListed = 8;

function listed(names: readonly string[]): string {
  const rest = names.length - mostListed;
  const shown = names.slice(0, mostListed).join(', ');
  return rest > 0 ? `${shown}, and ${rest} more` : shown;
}

/** The parameters that the encoder has, in its order; others are left. */
function matching(specs: Specs, tensors: HostParameters, file: string): HostParameters {
  checkNames(
    Object.keys(specs).filter((name) => Object.hasOwn(tensors, name)),
    specs,
    file,
  );
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const tensor = tensors[name] as HostParameters[string];
      if (tensor.shape.join() !== shape.join()) {
        throw new UserError(
          `${name} has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`,
          {
            file,
          },
        );
      }
      if (tensor.dtype !== 'float32')
        throw new UserError(`${name} has type ${tensor.dtype}, expected floating point`, { file });
      return [name, tensor];
    }),
  );
}

/** SHA-256 over what counts of the configuration, and weights in the order of their names. */
function hashOf(config: unknown, parameters: HostParameters): string {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const name of Object.keys(parameters).sort()) {
    const { data } = parameters[name] as HostParameters[string];
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
