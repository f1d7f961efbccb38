/** @file The output layer of a recogniser: a linear layer from the last hidden state to tokens, and how a folder of ours keeps it. */
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';

/** logits [frames, tokens] = last hidden state [frames, dim] times `weight` transposed, plus `bias`. */
export interface RecognitionLayer {
  /** What each logit stands for; no two are the same. */
  readonly tokens: readonly string[];
  /** The token that CTC calls blank. */
  readonly blank: number;
  /** The token between words; where no token is it, a text is one word. */
  readonly boundary: string;
  /** Tokens that stand for no text, in rising order; the blank is one. */
  readonly special: readonly number[];
  /** Whether a text is put in capitals to find its tokens, and what is recognised in small letters. */
  readonly lowerCase: boolean;
  /** float32 [tokens, dim]. */
  readonly weight: HostTensor;
  /** float32 [tokens]. */
  readonly bias: HostTensor;
}

/** A layer without its numbers. */
export type RecognitionTokens = Omit<RecognitionLayer, 'weight' | 'bias'>;

export const weightName = 'recognition.weight';
export const biasName = 'recognition.bias';

/** More than any alphabet or set of word pieces has. */
const mostTokens = 1_000_000;

const token = z.string().min(1, { error: 'a token is empty' });
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
function faultOf({
  tokens,
  blank,
  special,
}: RecognitionTokens): { message: string; path: string[] } | undefined {
  const twice = tokens.find((each, i) => tokens.indexOf(each) !== i);
  if (twice !== undefined) return { path: ['tokens'], message: `duplicate token '${twice}'` };
  const beyond = [blank, ...special].find((each) => each >= tokens.length);
  if (beyond !== undefined)
    return { path: ['special'], message: `there is no token ${beyond}: there are ${tokens.length}` };
  return special.includes(blank) ? undefined : { path: ['special'], message: 'the blank is not among them' };
}

/**
 * What the `recognition` of a `config.json` says.
 * @throws UserError naming the setting that is wrong
 */
export function parseTokens(value: unknown, file: string): RecognitionTokens {
  const parsed = tokensSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(`${['recognition', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`, {
    file,
    hint: 'Mend that setting',
  });
}

/**
 * A layer of these numbers.
 * @param tensors what the file holds of `names`
 * @param dim width of the last hidden state
 * @throws UserError for a weight or bias that is missing or has another shape
 */
export function layerOf(
  known: RecognitionTokens,
  tensors: HostParameters,
  names: readonly [weight: string, bias: string],
  dim: number,
  file: string,
): RecognitionLayer {
  const count = known.tokens.length;
  const [weight, bias] = names.map((name, i) => {
    const tensor = tensors[name];
    if (tensor === undefined) throw new UserError(`${name} is missing`, { file });
    const shape = i === 0 ? [count, dim] : [count];
    if (tensor.dtype === 'float32' && tensor.shape.join() === shape.join()) return tensor;
    throw new UserError(
      `${name} is ${tensor.dtype} [${tensor.shape.join(', ')}] and should be float32 [${shape.join(', ')}], for ${count} tokens`,
      { file, hint: 'Its tokens must be those that the weights were trained with' },
    );
  }) as [HostTensor, HostTensor];
  return { ...known, weight, bias };
}

/** A layer as `config.json` and `model.safetensors` keep it. */
export function storedLayer({ weight, bias, ...tokens }: RecognitionLayer): {
  readonly settings: RecognitionTokens;
  readonly tensors: HostParameters;
} {
  return { settings: tokens, tensors: { [weightName]: weight, [biasName]: bias } };
}
