/** @file An encoder, with its output layer where it has one, as a folder that transformers loads. */
import { join } from 'node:path';
import { sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import { float32, floatsOf, type HostParameters, type HostTensor } from '../../base/host-tensor.js';
import { writeSafetensors } from '../../formats/safetensors.js';
import type { Alphabet } from '../../lm/alphabet.js';
import type { Encoder } from '../encoder.js';
import { maskName } from '../mask-embedding.js';
import type { RecognitionLayer } from '../recognition.js';
import { encoderFamilies } from '../registry.js';
import { positionName } from './position.js';
import { preprocessorFile } from './preprocessor.js';
import { singleFile } from './stored.js';
import { tokenizerFile, vocabularyFile } from './vocabulary.js';

/** transformers' token of CTC's blank, and the one that fairseq takes for it. */
const [blankToken, fairseqBlank] = ['<pad>', '<s>'];

/** transformers' class of a preprocessor with a tokenizer; it does not know it of every family. */
const processor = { processor_class: 'Wav2Vec2Processor' };

/**
 * Writes `config.json`, `model.safetensors` and `preprocessor_config.json`; of a recogniser `vocab.json` and
 * `tokenizer_config.json` too, and the model is the family's `...ForCTC`.
 * @returns the files
 * @throws UserError for a family that transformers does not have, or that is not written, and (exit code 1) where nothing
 *   can be written
 */
export async function writeHubFolder(
  folder: string,
  encoder: Encoder,
  recognition: RecognitionLayer | undefined,
): Promise<readonly string[]> {
  const { hub } = encoderFamilies.find(encoder.family);
  if (hub?.written === undefined) throw notWritten(encoder);
  const { prefix, recogniser, written } = hub;
  const tokens = recognition && hubTokens(recognition);
  const files: Record<string, unknown> = {
    'config.json': {
      architectures: [recognition === undefined ? written.model : recogniser],
      model_type: encoder.family,
      dtype: 'float32',
      ...written.settings(encoder.config),
      ...(encoder.maskEmbedding === undefined && { mask_time_prob: 0, mask_feature_prob: 0 }),
      ...(tokens && ctcSettings(tokens)),
    },
    [preprocessorFile]: { ...extractorSettings(encoder), ...(tokens && processor) },
    ...(tokens && {
      [vocabularyFile]: Object.fromEntries(tokens.tokens.map((token, place) => [token, place])),
      [tokenizerFile]: { ...tokenizerSettings(tokens), ...processor },
    }),
  };
  const parameters = {
    ...hubParameters(encoder, recognition === undefined ? '' : prefix),
    ...(recognition && { 'lm_head.weight': recognition.weight, 'lm_head.bias': recognition.bias }),
  };
  const weights = join(folder, singleFile);
  await writeSafetensors(weights, parameters, { format: 'pt' });
  for (const [name, content] of Object.entries(files))
    await writeFileAtomic(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  return [...Object.keys(files).map((name) => join(folder, name)), weights];
}

function notWritten({ family, spec }: Encoder): UserError {
  const names = encoderFamilies.all().flatMap(({ name, hub }) => (hub?.written === undefined ? [] : [name]));
  return new UserError(`'${spec}' cannot be exported to transformers: unsupported family ${family}`, {
    hint: `Supported: ${names.join(', ')}; --format safetensors supports all families`,
  });
}

/** As transformers' converter of fairseq's models: the blank is called <pad>, and what had that name has the blank's. */
function hubTokens({ tokens, ...others }: Alphabet): Alphabet {
  const blank = tokens[others.blank];
  if (blank !== fairseqBlank) return { tokens, ...others };
  const renamed = tokens.map((token, place) => {
    if (place === others.blank) return blankToken;
    return token === blankToken ? fairseqBlank : token;
  });
  return { tokens: renamed, ...others };
}

/** The place of a token; null where there is none. */
const placeOf = ({ tokens }: Alphabet, token: string): number | null => {
  const place = tokens.indexOf(token);
  return place < 0 ? null : place;
};

function ctcSettings(tokens: Alphabet) {
  return {
    vocab_size: tokens.tokens.length,
    pad_token_id: tokens.blank,
    bos_token_id: placeOf(tokens, '<s>'),
    eos_token_id: placeOf(tokens, '</s>'),
    ctc_loss_reduction: 'sum',
    ctc_zero_infinity: true,
    final_dropout: 0,
  };
}

function tokenizerSettings({ tokens, blank, boundary, lowerCase }: Alphabet) {
  const there = (...names: string[]): string | null => names.find((name) => tokens.includes(name)) ?? null;
  return {
    tokenizer_class: 'Wav2Vec2CTCTokenizer',
    pad_token: tokens[blank],
    bos_token: there('<s>'),
    eos_token: there('</s>'),
    unk_token: there('<unk>', '[UNK]'),
    word_delimiter_token: boundary === '' ? null : boundary,
    replace_word_delimiter_char: ' ',
    do_lower_case: lowerCase,
  };
}

/** A group norm sees the padding of a row: such models are run without a mask. */
function extractorSettings({ config, normalizesWaveform }: Encoder) {
  return {
    feature_extractor_type: 'Wav2Vec2FeatureExtractor',
    feature_size: 1,
    sampling_rate: sampleRateHz,
    padding_value: 0,
    padding_side: 'right',
    do_normalize: normalizesWaveform,
    return_attention_mask: (config as { convNorm?: unknown }).convNorm === 'layer',
  };
}

/** Parameters under transformers' names, which are ours but for the prefix and weight normalisation. */
function hubParameters({ parameters, maskEmbedding }: Encoder, prefix: string): HostParameters {
  const all = { ...parameters, ...(maskEmbedding && { [maskName]: maskEmbedding }) };
  const isNormalized = !Object.hasOwn(parameters, `${positionName}.batch_norm.weight`);
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, tensor]) => {
      if (!isNormalized || name !== `${positionName}.conv.weight`) return [[prefix + name, tensor]];
      const parts = weightNormalized(tensor);
      return parts.map((part, i) => [
        `${prefix}${positionName}.conv.parametrizations.weight.original${i}`,
        part,
      ]);
    }),
  );
}

/** A weight [out, in, taps] as length of every tap [1, 1, taps] and direction, of which torch makes it again. */
function weightNormalized(weight: HostTensor): readonly [length: HostTensor, direction: HostTensor] {
  const values = floatsOf(weight);
  const taps = weight.shape.at(-1) as number;
  const squares = new Float64Array(taps);
  for (const [i, value] of values.entries()) squares[i % taps] = (squares[i % taps] as number) + value ** 2;
  // A tap of zeros has any direction but none.
  const direction = values.map((value, i) => (squares[i % taps] === 0 ? 1 : value));
  return [float32([1, 1, taps], squares.map(Math.sqrt)), float32(weight.shape, direction)];
}
