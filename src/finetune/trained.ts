/** @file What fine-tuning trains: an encoder with the rates of dropout that training is to have, and its parameters. */
import { UserError } from '../base/errors.js';
import { float32, type HostParameters, type HostTensor } from '../base/host-tensor.js';
import { randomStream } from '../base/random.js';
import { configure } from '../encoders/configured.js';
import type { Encoder } from '../encoders/encoder.js';
import { maskName } from '../encoders/mask-embedding.js';
import { biasName, type RecognitionLayer, weightName } from '../encoders/recognition.js';
import { encoderFamilies } from '../encoders/registry.js';
import type { OptimizerSettings, ParameterGroup } from '../training/parameter-groups.js';
import { uniformTensor } from '../training/start.js';
import type { FinetuneSettings } from './settings.js';

/** An encoder that can be trained. */
export interface TrainableEncoder {
  /** With the rates of dropout of training. */
  readonly encoder: Encoder;
  /** Whether masked frames hold noise, and not a learnt frame. */
  readonly noisy: boolean;
  /** Whether a parameter stays as it is. */
  isFixed(name: string): boolean;
}

/** @throws UserError for an encoder that has nothing to train, or none whose gradients are known */
export function trainable(encoder: Encoder, { dropout }: FinetuneSettings): TrainableEncoder {
  const { name, family, graph, config, parameters } = encoder;
  if (graph !== undefined)
    throw new UserError(`the encoder '${name}' is an ONNX file, which cannot be trained`, {
      hint: 'Use the checkpoint that it was exported from',
    });
  if (Object.keys(parameters).length === 0)
    throw new UserError(`the encoder '${name}' has no parameters to train`, {
      hint: "Use a checkpoint, or random:PRESET ('ehmam list encoders')",
    });
  const { frontEnd = [], maskedFrames = 'learnt' } = encoderFamilies.find(family);
  const { encoder: configured } = configure(withRates(config, dropout), name);
  return {
    encoder: { ...encoder, ...configured, config },
    noisy: maskedFrames === 'noise',
    isFixed: (parameter) =>
      frontEnd.some((beginning) => parameter.startsWith(beginning)) || isStatistic(parameter),
  };
}

/** What training measures and no gradient reaches. */
const isStatistic = (name: string): boolean => /\.running_(mean|var)$/.test(name);

/** The configuration with other rates of dropout, under the names that its family has for them. */
function withRates(config: unknown, rates: FinetuneSettings['dropout']): unknown {
  const { dropout } = config as { readonly dropout?: Readonly<Record<string, number>> };
  if (dropout === undefined) return config;
  const { layer, activation, attention, hidden } = rates;
  const own: Readonly<Record<string, number>> = { layer, activation, attention };
  const changed = Object.fromEntries(Object.keys(dropout).map((name) => [name, own[name] ?? hidden]));
  return { ...(config as object), dropout: changed };
}

/**
 * The parameters before the first update: the encoder's; the frame that stands in masked places, drawn where the checkpoint has
 * none; the output layer, Xavier uniform with biases of zero (fairseq's wav2vec2_asr.py), or one that is kept.
 */
export function startParameters(
  { encoder, noisy }: Pick<TrainableEncoder, 'encoder' | 'noisy'>,
  tokens: number,
  seed: number,
  kept: Pick<RecognitionLayer, 'weight' | 'bias'> | undefined,
): HostParameters {
  const width = encoder.dims.at(-1) as number;
  return {
    ...encoder.parameters,
    ...(!noisy && { [maskName]: encoder.maskEmbedding ?? drawnMask(encoder.dims[0] as number, seed) }),
    [weightName]:
      kept?.weight ?? uniformTensor(seed, 'output layer', [tokens, width], Math.sqrt(6 / (tokens + width))),
    [biasName]: kept?.bias ?? float32([tokens]),
  };
}

/** Uniform in [0, 1), as fairseq and transformers start it. */
function drawnMask(width: number, seed: number): HostTensor {
  const random = randomStream(seed, 'mask embedding');
  return float32(
    [width],
    Float32Array.from({ length: width }, () => random.uniform()),
  );
}

/** Adam with what is never trained, and what only later. */
export function optimizerOf(
  { isFixed }: Pick<TrainableEncoder, 'isFixed'>,
  { optimizer, frozenUpdates }: FinetuneSettings,
  parameters: HostParameters,
): OptimizerSettings {
  const isOutput = (name: string): boolean => name === weightName || name === biasName;
  const groups: ParameterGroup[] = [
    { name: 'front end', matches: isFixed, frozenUntil: Number.POSITIVE_INFINITY },
    { name: 'encoder', matches: (name) => !isOutput(name), frozenUntil: frozenUpdates },
  ];
  const names = Object.keys(parameters);
  return {
    ...optimizer,
    decoupled: true,
    groups: groups.filter(({ matches }) => names.some((name) => matches(name, []))),
  };
}

/** Parameters by what they are. */
export interface Parts {
  /** The encoder's own. */
  readonly encoder: HostParameters;
  readonly maskEmbedding: HostTensor | undefined;
  readonly weight: HostTensor;
  readonly bias: HostTensor;
}

export function partsOfParameters(parameters: HostParameters): Parts {
  const { [maskName]: maskEmbedding, [weightName]: weight, [biasName]: bias, ...encoder } = parameters;
  if (weight === undefined || bias === undefined) throw new Error('a recogniser has an output layer');
  return { encoder, maskEmbedding, weight, bias };
}
