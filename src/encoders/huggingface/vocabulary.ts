/** @file The tokens of transformers' CTC models: `vocab.json` and what its tokenizer's files add, as Wav2Vec2CTCTokenizer reads them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { checked } from '../../base/validation.js';
import { readJsonSource } from '../../formats/json-file.js';
import type { Alphabet } from '../../lm/alphabet.js';

export const vocabularyFile = 'vocab.json';
export const tokenizerFile = 'tokenizer_config.json';
const specialFile = 'special_tokens_map.json';
const addedFile = 'added_tokens.json';
/** All that may say what the logits stand for. */
export const vocabularyFiles: readonly string[] = [vocabularyFile, tokenizerFile, specialFile, addedFile];

/** Whether a folder has tokens of its logits. */
export const hasVocabulary = (folder: string): boolean => existsSync(join(folder, vocabularyFile));

const index = z.int().nonnegative();
const vocabularySchema = z.record(z.string(), index);

/** A token, or a token and how texts are split at it. */
const named = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);
const roles = {
  pad_token: named.nullish(),
  bos_token: named.nullish(),
  eos_token: named.nullish(),
  unk_token: named.nullish(),
  additional_special_tokens: z.array(named).nullish(),
};
const specialSchema = z.object(roles);
const tokenizerSchema = z.object({
  ...roles,
  tokenizer_class: z
    .enum(['Wav2Vec2CTCTokenizer', 'Wav2Vec2Tokenizer'], {
      error: 'unsupported tokenizer, expected Wav2Vec2CTCTokenizer',
    })
    .nullish(),
  word_delimiter_token: named.nullable().default('|'),
  replace_word_delimiter_char: z.literal(' ', { error: 'unsupported value, expected a space' }).default(' '),
  do_lower_case: z.boolean().default(false),
  added_tokens_decoder: z
    .record(z.string().regex(/^\d+$/), z.object({ content: z.string(), special: z.boolean().default(false) }))
    .optional(),
});
type Tokenizer = z.infer<typeof tokenizerSchema>;

/** Where a model's tokenizer says nothing. */
const usual = { pad_token: '<pad>', bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' } as const;

/**
 * What the logits of a model stand for. Its blank is `pad_token_id`, which must be the tokenizer's `pad_token`.
 * @param folder holds `vocab.json`; settings beside it count where they are there
 * @param padTokenId what `config.json` says; transformers' default is 0
 * @param count logits of the model: added tokens beyond them are tokens that it never gives
 * @throws UserError for files that are missing or cannot be read, for tokens that are not one a logit, for a blank that
 *   is not known or is two
 */
export async function readVocabulary(
  folder: string,
  padTokenId: number | null | undefined,
  count: number,
): Promise<Alphabet> {
  const file = join(folder, vocabularyFile);
  if (!hasVocabulary(folder)) {
    throw new UserError(`missing ${vocabularyFile}, the tokens of the ${count} logits of lm_head`, {
      file: folder,
      hint: `Copy ${vocabularyFile} and ${tokenizerFile} of the model to this folder`,
    });
  }
  const vocabulary = checked(vocabularySchema, await readJsonSource(file, ''));
  const { tokenizer, added } = await readTokenizer(folder);
  const tokens = inOrder([...Object.entries(vocabulary)], [...added], count, file);
  const roles = { ...usual, ...withoutNothing(tokenizer) };
  const special = [roles.pad_token, roles.bos_token, roles.eos_token, roles.unk_token];
  const others = [...(tokenizer.additional_special_tokens ?? []), ...specialOf(tokenizer)];
  const boundary = tokenizer.word_delimiter_token ?? '';
  // transformers 5 calls the token between words special, too.
  const places = [...special, ...others].flatMap((token) =>
    token !== boundary && tokens.includes(token) ? [tokens.indexOf(token)] : [],
  );
  return {
    tokens,
    blank: blankOf(tokens, roles.pad_token, padTokenId, folder),
    boundary,
    special: [...new Set(places)].sort((a, b) => a - b),
    lowerCase: tokenizer.do_lower_case,
  };
}

/** The tokenizer's settings; old models keep the names of its special tokens in a file of their own. */
async function readTokenizer(folder: string): Promise<{
  readonly tokenizer: Tokenizer;
  /** Tokens that its trainer added, and their places. */
  readonly added: readonly (readonly [string, number])[];
}> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    const file = join(folder, name);
    return checked(schema, existsSync(file) ? await readJsonSource(file, '') : { value: {}, file });
  };
  const tokenizer = await read(tokenizerFile, tokenizerSchema);
  if (tokenizer.added_tokens_decoder !== undefined) {
    const added = Object.entries(tokenizer.added_tokens_decoder);
    return { tokenizer, added: added.map(([place, { content }]) => [content, Number(place)] as const) };
  }
  const special = await read(specialFile, specialSchema);
  const added = await read(addedFile, vocabularySchema);
  return { tokenizer: { ...tokenizer, ...withoutNothing(special) }, added: Object.entries(added) };
}

const specialOf = ({ added_tokens_decoder = {} }: Tokenizer): string[] =>
  Object.values(added_tokens_decoder).flatMap(({ content, special }) => (special ? [content] : []));

/** Settings that say something. */
function withoutNothing<T extends object>(settings: T): { [Key in keyof T]: NonNullable<T[Key]> } {
  const said = Object.entries(settings).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(said) as { [Key in keyof T]: NonNullable<T[Key]> };
}

/** Tokens by their places, which must be 0 to `count` - 1. */
function inOrder(
  vocabulary: readonly (readonly [string, number])[],
  added: readonly (readonly [string, number])[],
  count: number,
  file: string,
): string[] {
  const tokens = new Map<number, string>();
  for (const [token, place] of [...vocabulary, ...added.filter(([, each]) => each < count)]) {
    const there = tokens.get(place);
    if (there !== undefined && there !== token)
      throw new UserError(`duplicate id ${place}: '${there}' and '${token}'`, { file });
    tokens.set(place, token);
  }
  const places = Array.from({ length: count }, (_, place) => place);
  if (tokens.size === count && places.every((place) => tokens.has(place)))
    return places.map((place) => tokens.get(place) as string);
  const gap = tokens.size === count ? `, not numbered 0 to ${count - 1}` : '';
  throw new UserError(`has ${tokens.size} tokens${gap}, but lm_head has ${count} logits`, {
    file,
    hint: 'Copy the vocabulary that the model was trained with',
  });
}

function blankOf(
  tokens: readonly string[],
  padToken: string,
  padTokenId: number | null | undefined,
  folder: string,
): number {
  const place = tokens.indexOf(padToken);
  if (place < 0) {
    throw new UserError(`unknown pad token '${padToken}' (the CTC blank): it is not in ${vocabularyFile}`, {
      file: folder,
      hint: `Set pad_token in ${tokenizerFile}`,
    });
  }
  if (padTokenId === null || place === (padTokenId ?? 0)) return place;
  throw new UserError(
    `pad_token_id is ${padTokenId ?? 0} in config.json, but the pad token '${padToken}' is ${place}`,
    { file: folder, hint: 'Set both to the CTC blank that the model was trained with' },
  );
}
