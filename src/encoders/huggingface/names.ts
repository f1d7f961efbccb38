/** @file Names of parameters in the hub's checkpoints: prefixes, heads beside the encoder, weight normalisation. */

import type { HubSource } from '../../api/encoder-family.js';
import { UserError } from '../../base/errors.js';
import { float32, floatsOf, type HostParameters, type HostTensor } from '../../base/host-tensor.js';
import { maskName } from '../mask-embedding.js';

export interface SortedNames {
  /** The encoder's name of a parameter, to its name in the file. */
  readonly encoder: ReadonlyMap<string, string>;
  /** What each parameter beside the encoder belongs to. */
  readonly aside: readonly string[];
  /** The name in the file of what stands in place of masked frames. */
  readonly mask?: string;
  /** The names in the file of the output layer of a recogniser: weight, bias. */
  readonly output?: readonly [weight: string, bias: string];
  /** What a trainer put before all names of the encoder, where it did: `module.`. */
  readonly lead?: string;
}

/** Parameters of the heads and adapters that transformers puts behind these encoders, where names have no prefix. */
const headPattern =
  /^(lm_head|quantizer|project_hid|project_q|classifier|projector|layer_weights|tdnn|objective|final_proj|label_embs_concat)(\.|$)/;

/** Adapters shorten what leaves the encoder: no hidden state depends on them. */
const adapterPattern = /^adapter\./;

/** What only training needs: it is neither the encoder's nor worth a word. */
const trainingPattern =
  /(^|\.)(masked_spec_embed|mask_(time|channel|feature)_emb_vector|mask_emb|num_batches_tracked)$/;

/**
 * Sorts the names of a file.
 * @param source its `prefix` is what transformers puts before the encoder's names where there is a head; trainers put
 *   more before that
 * @param known names that the encoder has
 */
export function sortNames(
  names: readonly string[],
  { prefix, beside }: Pick<HubSource, 'prefix' | 'beside'>,
  known: readonly string[],
): SortedNames {
  const lead = leadOf(names, prefix, known);
  const bare = lead === '' || !lead.endsWith(prefix);
  const encoder = new Map<string, string>();
  const aside: string[] = [];
  for (const name of names) {
    const own = name.startsWith(lead) ? name.slice(lead.length) : undefined;
    const part = own === undefined ? undefined : (adapterPattern.exec(own) ?? beside?.exec(own))?.[0];
    if (part !== undefined) aside.push(part.replace(/\.$/, ''));
    else if (own === undefined || (bare && headPattern.test(own))) aside.push(name.split('.')[0] as string);
    else if (!trainingPattern.test(name)) encoder.set(own, name);
  }
  const all = new Set(names);
  const mask = lead + maskName;
  const around = lead.endsWith(prefix) ? lead.slice(0, lead.length - prefix.length) : lead;
  const output = [`${around}lm_head.weight`, `${around}lm_head.bias`] as const;
  return {
    encoder,
    aside,
    ...(all.has(mask) && { mask }),
    ...(output.some((name) => all.has(name)) && { output }),
    ...(lead !== '' && lead !== prefix && { lead }),
  };
}

/** What stands before the encoder's names: found by the first parameter of the encoder that is there. */
function leadOf(names: readonly string[], prefix: string, known: readonly string[]): string {
  const all = new Set(names);
  for (const lead of ['', prefix]) if (known.some((each) => all.has(lead + each))) return lead;
  for (const each of known) {
    const longer = names.find((name) => name.endsWith(`.${each}`));
    if (longer !== undefined) return longer.slice(0, -each.length);
  }
  return names.some((name) => name.startsWith(prefix)) ? prefix : '';
}

/** torch's two ways to store a weight-normalised weight: length and direction. */
const normalizedPattern = /^(.+)\.(?:(weight)_(g|v)|parametrizations\.(weight)\.original([01]))$/;

/** The name of the weight that a stored part makes, and which part it is; undefined for any other parameter. */
function normalizedPart(name: string): { readonly weight: string; readonly part: 'g' | 'v' } | undefined {
  const match = normalizedPattern.exec(name);
  if (match === null) return undefined;
  return { weight: `${match[1]}.weight`, part: match[3] === 'g' || match[5] === '0' ? 'g' : 'v' };
}

/** The names of plain weights that parts of weight-normalised ones make, others as they are. */
export function plainNames(names: Iterable<string>): string[] {
  return [...new Set([...names].map((name) => normalizedPart(name)?.weight ?? name))];
}

/**
 * Weight-normalised weights as the plain ones they stand for (torch.nn.utils.weight_norm, dim=2).
 * @throws UserError when one of two parts is missing, or they do not fit each other
 */
export function withPlainWeights(tensors: HostParameters, file: string): HostParameters {
  const parts = new Map<string, { g?: HostTensor; v?: HostTensor }>();
  const plain: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const normalized = normalizedPart(name);
    if (normalized === undefined) {
      plain[name] = tensor;
      continue;
    }
    parts.set(normalized.weight, { ...parts.get(normalized.weight), [normalized.part]: tensor });
  }
  for (const [name, { g, v }] of parts) {
    if (g === undefined || v === undefined)
      throw new UserError(
        `weight-normalized parameter ${name}: its ${g ? 'direction' : 'length'} is missing`,
        {
          file,
        },
      );
    plain[name] = scaled(name, g, v, file);
  }
  return plain;
}

/** g v / |v|, lengths taken over all axes but the last: a length for every tap. */
function scaled(name: string, g: HostTensor, v: HostTensor, file: string): HostTensor {
  const taps = v.shape.at(-1) ?? 0;
  if (v.shape.length !== 3 || g.dtype !== 'float32' || v.dtype !== 'float32' || g.data.length !== taps) {
    throw new UserError(`weight-normalized parameter ${name}: invalid shapes [${g.shape}] and [${v.shape}]`, {
      file,
      hint: 'Expected one length per kernel position',
    });
  }
  const [lengths, directions] = [floatsOf(g), floatsOf(v)];
  const squares = new Float64Array(taps);
  for (let i = 0; i < directions.length; i++)
    squares[i % taps] = (squares[i % taps] as number) + (directions[i] as number) ** 2;
  const factors = squares.map((square, tap) => (lengths[tap] as number) / Math.sqrt(square));
  return float32(
    v.shape,
    directions.map((value, i) => value * (factors[i % taps] as number)),
  );
}
