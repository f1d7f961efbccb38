/** @file What there is to say of an encoder, for a person and for a machine. */
import { z } from 'zod';
import { sampleRateHz } from '../../audio/index.js';
import { plainText } from '../../base/errors.js';
import { sizeOf } from '../../base/host-tensor.js';
import type { Encoder, EncoderOrigin, SlotUse } from '../../encoders/encoder.js';
import { type RecognitionLayer, tokensOf } from '../../encoders/recognition.js';
import type { Alphabet } from '../../lm/alphabet.js';

/** Parameters that belong together. */
export interface Part {
  readonly name: string;
  readonly tensors: number;
  readonly parameters: number;
}

export interface EncoderDescription {
  readonly name: string;
  readonly spec: string;
  readonly family: string;
  /** The family's settings: sizes and kinds of its layers. */
  readonly config: unknown;
  readonly parameters: number;
  readonly parts: readonly Part[];
  /** Width of every hidden state, the input of the first block first. */
  readonly dims: readonly number[];
  readonly framesPerSecond: number;
  readonly frameSamples: number;
  /** Fewest samples that give a frame. */
  readonly minimumSamples: number;
  readonly normalizesWaveform: boolean;
  /** `untrained` or `computed` where no file holds the encoder. */
  readonly origin: EncoderOrigin;
  /** Of an ONNX file: its inputs and outputs, and what each is taken for. */
  readonly slots?: readonly SlotUse[];
  /** Of a fine-tuned encoder: what its output layer gives. */
  readonly recognition?: Alphabet;
  readonly hash: string;
  readonly notes: readonly string[];
}

/**
 * Everything known without running the encoder.
 * @param recognition its output layer, where it is a recogniser
 */
export function describeEncoder(encoder: Encoder, recognition?: RecognitionLayer): EncoderDescription {
  const { name, spec, family, config, dims, hopSamples, minimumSamples, normalizesWaveform } = encoder;
  const parts = partsOf(encoder);
  return {
    name,
    spec,
    family,
    config,
    parameters: encoder.graph?.parameters ?? parts.reduce((sum, part) => sum + part.parameters, 0),
    parts,
    dims,
    framesPerSecond: sampleRateHz / hopSamples,
    frameSamples: hopSamples,
    minimumSamples,
    normalizesWaveform,
    origin: originOf(encoder) ?? {
      format: parts.length === 0 ? 'computed, no parameters' : 'untrained, random from a seed',
      files: [],
    },
    ...(encoder.graph && { slots: encoder.graph.slots }),
    ...(recognition && { recognition: tokensOf(recognition) }),
    hash: encoder.hash,
    notes: encoder.notes ?? [],
  };
}

/** Without what only caches look at. */
function originOf({ origin }: Encoder): EncoderOrigin | undefined {
  if (origin === undefined) return undefined;
  const { absent: _, ...shown } = origin;
  return shown;
}

/** Parameters by what they are part of: their name up to a number, or without the layer it ends with. */
function partsOf({ parameters }: Encoder): Part[] {
  const parts = new Map<string, Part>();
  for (const [name, { shape }] of Object.entries(parameters)) {
    const words = name.split('.');
    const number = words.findIndex((word) => /^\d+$/.test(word));
    const layer = /^(weight|bias)$/.test(words.at(-1) ?? '') ? 2 : 1;
    const key = words.slice(0, number > 0 ? number : Math.max(1, words.length - layer)).join('.');
    const before = parts.get(key) ?? { name: key, tensors: 0, parameters: 0 };
    parts.set(key, {
      name: key,
      tensors: before.tensors + 1,
      parameters: before.parameters + sizeOf(shape),
    });
  }
  return [...parts.values()];
}

const count = (value: number): string => value.toLocaleString('en-US');

/** The description as lines. */
export function descriptionText(description: EncoderDescription): string {
  const { dims, parts, origin, hash, frameSamples, framesPerSecond, minimumSamples } = description;
  const widths = [...new Set(dims)].join(', ');
  const training = origin.training === undefined ? [] : ['training settings: see --json'];
  const rows: [string, string][] = [
    ['family', description.family],
    ['hidden states', `${dims.length}, ${widths} wide`],
    [
      'frames',
      `${Number(framesPerSecond.toPrecision(6))} per second (every ${frameSamples} samples, at least ${minimumSamples} samples)`,
    ],
    [
      'waveform',
      description.normalizesWaveform ? 'normalized to zero mean and unit variance' : 'not normalized',
    ],
    ['parameters', count(description.parameters)],
    ...parts.map(({ name, parameters, tensors }): [string, string] => [
      `  ${name}`,
      `${count(parameters)} in ${tensors}`,
    ]),
    ...(description.slots ?? []).map(({ kind, name, type, shape, use }): [string, string] => [
      `${kind} ${name}`,
      `${type} [${shape.map((length) => length || '?').join(', ')}]: ${use}`,
    ]),
    ...recognitionRows(description.recognition),
    ['from', [origin.format, ...origin.files, ...training].join('\n')],
    ...startOf(origin).map((text): [string, string] => ['began with', text]),
    ['hash', hash],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const indent = `\n${' '.repeat(width + 2)}`;
  return [
    description.name,
    ...rows.map(([label, value]) => `${label.padEnd(width)}  ${value.replaceAll('\n', indent)}`),
    'settings',
    ...settingsLines(description.config),
  ].join('\n');
}

/** The checkpoint whose weights its training began with. */
function startOf({ init }: EncoderOrigin): string[] {
  const { success, data } = startSchema.safeParse(init);
  return success ? [`the weights of ${data.spec} (${data.hash})`] : [];
}

const startSchema = z.object({ spec: z.string(), hash: z.string() });

/** Whole alphabets are shown; of many word pieces the first ones. */
const mostTokens = 128;

function recognitionRows(recognition: Alphabet | undefined): [string, string][] {
  if (recognition === undefined) return [];
  const { tokens, blank, boundary, lowerCase } = recognition;
  const shown = tokens.slice(0, mostTokens).join(' ');
  const rest = tokens.length - mostTokens;
  const words = tokens.includes(boundary) ? `word boundary '${boundary}'` : 'no word boundary';
  const kind = `${count(tokens.length)} tokens, blank '${tokens[blank]}', ${words}${lowerCase ? ', lower-case text' : ''}`;
  const all = rest > 0 ? `${shown}, and ${count(rest)} more` : shown;
  // Files may smuggle in what a terminal would obey.
  return [
    ['recogniser', plainText(kind)],
    ['  tokens', plainText(all)],
  ];
}

/** A line a setting; groups as `kernel 19, layers 2`, lists as JSON. */
function settingsLines(config: unknown): string[] {
  const text = (value: unknown): string => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
    return Object.entries(value)
      .map(([name, inner]) => `${name} ${text(inner)}`)
      .join(', ');
  };
  return Object.entries((config ?? {}) as Record<string, unknown>)
    .filter(([name]) => name !== 'family')
    .map(([name, value]) => `  ${name}: ${text(value)}`);
}
