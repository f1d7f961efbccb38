/** @file The output layer of a recogniser: a linear layer from the last hidden state to tokens, and how a folder of ours keeps it. */
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import { checked } from '../base/validation.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { Alphabet } from '../lm/alphabet.js';
import { linear } from '../nn/linear.js';

/** logits [frames, tokens] = last hidden state [frames, dim] times `weight` transposed, plus `bias`. */
export interface RecognitionLayer extends Alphabet {
  /** float32 [tokens, dim]. */
  readonly weight: HostTensor;
  /** float32 [tokens]. */
  readonly bias: HostTensor;
}

const layerName = 'recognition';
export const weightName = `${layerName}.weight`;
export const biasName = `${layerName}.bias`;

/** More than any alphabet or set of word pieces has. */
const mostTokens = 1_000_000;

const token = z.string().min(1, { error: 'empty token' });
const tokensSchema = z
  .strictObject({
    tokens: z.array(token).min(2).max(mostTokens),
    blank: z.int().nonnegative(),
    boundary: z.string(),
    special: z.array(z.int().nonnegative()),
    lowerCase: z.boolean().default(false),
  })
  .superRefine((found, context) => {
    const fault = faultOf(found);
    if (fault !== undefined) context.addIssue({ code: 'custom', ...fault });
  });

/** What is wrong with tokens, and where; undefined where nothing is. */
function faultOf({ tokens, blank, special }: Alphabet): { message: string; path: string[] } | undefined {
  const seen = new Set<string>();
  const twice = tokens.find((each) => seen.size === seen.add(each).size);
  if (twice !== undefined) return { path: ['tokens'], message: `duplicate token '${twice}'` };
  const beyond = [blank, ...special].find((each) => each >= tokens.length);
  if (beyond !== undefined)
    return { path: ['special'], message: `invalid token ${beyond}: expected 0 to ${tokens.length - 1}` };
  return special.includes(blank) ? undefined : { path: ['special'], message: 'missing the blank' };
}

/**
 * What the `recognition` of a `config.json` says.
 * @throws UserError naming all that is wrong with it
 */
export const parseTokens = (value: unknown, file: string): Alphabet =>
  checked(tokensSchema, { value, file }, { place: layerName });

/**
 * A layer of these numbers.
 * @param tensors what the file holds of `names`
 * @param dim width of the last hidden state
 * @throws UserError for a weight or bias that is missing or has another shape
 */
export function layerOf(
  known: Alphabet,
  tensors: HostParameters,
  names: readonly [weight: string, bias: string],
  dim: number,
  file: string,
): RecognitionLayer {
  const count = known.tokens.length;
  const [weight, bias] = names.map((name, i) => {
    const tensor = tensors[name];
    if (tensor === undefined) throw new UserError(`missing parameter ${name}`, { file });
    const shape = i === 0 ? [count, dim] : [count];
    if (tensor.dtype === 'float32' && tensor.shape.join() === shape.join()) return tensor;
    throw new UserError(
      `${name} is ${tensor.dtype} [${tensor.shape.join(', ')}], expected float32 [${shape.join(', ')}] for ${count} tokens`,
      { file, hint: 'Check that its tokens are those that the weights were trained with' },
    );
  }) as [HostTensor, HostTensor];
  return { ...known, weight, bias };
}

/** A layer without its numbers, as `config.json` keeps it. */
export function tokensOf({ weight: _, bias: __, ...tokens }: RecognitionLayer): Alphabet {
  return tokens;
}

/** Its numbers, under the names that `model.safetensors` has for them. */
export function recognitionTensors({ weight, bias }: RecognitionLayer): HostParameters {
  return { [weightName]: weight, [biasName]: bias };
}

/**
 * The logits of a recogniser: [batch, frames, tokens].
 * @param parameters `recognition.weight` [tokens, dim] and `recognition.bias` [tokens]
 * @param states the encoder's hidden states, of which the last counts, [batch, frames, dim]
 */
export function tokenLogits(parameters: Parameters, states: readonly Tensor[]): Tensor {
  return linear(parameters, layerName, states.at(-1) as Tensor);
}
