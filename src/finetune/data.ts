/** @file The data of a fine-tuning: which utterances are trained on, chosen by and recognised, and what is wrong with them. */
import { createHash } from 'node:crypto';
import { ctcSteps } from '../api/ctc-steps.js';
import { sampleRateHz } from '../audio/index.js';
import { UserError } from '../base/errors.js';
import { durationsOf } from '../data/durations.js';
import { loadUtterances, type Utterance } from '../data/manifest.js';
import { frameCount } from '../encoders/batch.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Letters } from './tokens.js';

/** An utterance, how long it is and what it says. */
export interface Transcribed {
  readonly utterance: Utterance;
  /** At 16 kHz, as the manifest or the file's header says. */
  readonly samples: number;
  /** As the letters write it. */
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Why an utterance is not trained on. */
export const tooShort = 'too short for its text';

export interface FinetuneData {
  readonly train: readonly Transcribed[];
  /** `dev`, then every further split in the order of the manifest. */
  readonly others: Readonly<Record<string, readonly Transcribed[]>>;
  readonly skipped: readonly { readonly id: string; readonly split: string; readonly reason: string }[];
  /** The one value of the column `fold` of the training rows, where there is one. */
  readonly fold: string | undefined;
}

/** Where the utterances stand. */
export interface FinetuneManifests {
  readonly manifest: string;
  /** Another manifest, whose rows of split `dev` choose (default: those of `manifest`). */
  readonly dev?: string | undefined;
  readonly root?: string | undefined;
}

/** Rows by their splits. */
export type RowsBySplit = ReadonlyMap<string, readonly Utterance[]>;

/**
 * Reads the rows of all splits.
 * @throws UserError as `loadUtterances`; for a missing column `text`, a text that is empty, and no rows of train or dev
 */
export async function loadRows({ manifest, dev, root }: FinetuneManifests): Promise<RowsBySplit> {
  const columns = ['text'];
  const needed = dev === undefined ? ['train', 'dev'] : ['train'];
  // Asked for by name, a split without rows is an error that says which splits there are.
  await loadUtterances(manifest, { root, columns, splits: needed });
  const rows = await loadUtterances(manifest, { root, columns });
  const bySplit = new Map<string, Utterance[]>([
    ['train', []],
    ['dev', []],
  ]);
  for (const row of rows) bySplit.set(row.split, [...(bySplit.get(row.split) ?? []), row]);
  if (dev !== undefined) bySplit.set('dev', await loadUtterances(dev, { root, columns, splits: ['dev'] }));
  return bySplit;
}

/** The texts that training learns from. */
export const trainingTexts = (rows: RowsBySplit): string[] =>
  (rows.get('train') ?? []).map(({ columns }) => columns.text ?? '');

/**
 * Spells all texts and leaves out of train what CTC cannot align.
 * @param say told of what is left out, and of dev and test texts that hold characters which can never be recognised
 * @throws UserError for training texts with characters that no token stands for, and where nothing is left to train on
 */
export async function finetuneData(
  rows: RowsBySplit,
  letters: Letters,
  encoder: Pick<Encoder, 'minimumSamples' | 'hopSamples'>,
  say: (remark: string) => void,
): Promise<FinetuneData> {
  const splits: Record<string, readonly Transcribed[]> = {};
  for (const [split, utterances] of rows) {
    const seconds = await durationsOf(utterances);
    const strange: Strange[] = [];
    splits[split] = utterances.map((utterance, i): Transcribed => {
      const text = letters.write(utterance.columns.text ?? '');
      const { tokens, unknown } = letters.target(utterance.columns.text ?? '');
      if (unknown.length > 0) strange.push({ utterance, unknown });
      return { utterance, samples: Math.round((seconds[i] as number) * sampleRateHz), text, tokens };
    });
    complainOf(strange, split, utterances.length, letters, say);
  }
  const { train = [], ...others } = splits;
  const isTooShort = (each: Transcribed): boolean => ctcSteps(each.tokens) > framesOf(encoder, each);
  const left = train.filter((each) => !isTooShort(each));
  const out = train.filter(isTooShort);
  if (out.length > 0) tellTooShort(out, left.length, encoder, say);
  const folds = new Set(left.flatMap(({ utterance }) => utterance.columns.fold || []));
  return {
    train: left,
    others,
    skipped: out.map(({ utterance: { id, split } }) => ({ id, split, reason: tooShort })),
    fold: folds.size === 1 ? [...folds][0] : undefined,
  };
}

/** Frames that an utterance has. */
export const framesOf = (
  encoder: Pick<Encoder, 'minimumSamples' | 'hopSamples'>,
  { samples }: Pick<Transcribed, 'samples'>,
): number => frameCount(encoder, Math.max(samples, encoder.minimumSamples));

interface Strange {
  readonly utterance: Utterance;
  readonly unknown: readonly string[];
}

const mostNamed = 5;
const quoted = (characters: readonly string[]): string =>
  characters.map((each) => JSON.stringify(each)).join(', ');

/** Texts with characters that no token stands for: of train an error, elsewhere they count as mistakes. */
function complainOf(
  strange: readonly Strange[],
  split: string,
  total: number,
  { alphabet }: Letters,
  say: (remark: string) => void,
): void {
  const [first] = strange;
  if (first === undefined) return;
  const named = strange
    .slice(0, mostNamed)
    .map(({ utterance: { id, line }, unknown }) => `'${id}' (line ${line}: ${quoted(unknown)})`)
    .join(', ');
  const more = strange.length > mostNamed ? `, and ${strange.length - mostNamed} more` : '';
  const what = `${strange.length} of ${total} texts of split '${split}' contain characters that have no token: ${named}${more}`;
  if (split === 'train') {
    const letters = alphabet.tokens.filter((_, i) => !alphabet.special.includes(i)).join(' ');
    throw new UserError(what, {
      file: first.utterance.manifest,
      line: first.utterance.line,
      hint: `Tokens: ${letters}. Correct the texts, or use tokens made from the training text (--set alphabet=text)`,
    });
  }
  say(`${what}. They count as errors`);
}

function tellTooShort(
  out: readonly Transcribed[],
  left: number,
  encoder: Pick<Encoder, 'minimumSamples' | 'hopSamples'>,
  say: (remark: string) => void,
): void {
  const named = out
    .slice(0, mostNamed)
    .map((each) => {
      const { id, line } = each.utterance;
      return `'${id}' (line ${line}: ${ctcSteps(each.tokens)} frames needed, ${framesOf(encoder, each)} available)`;
    })
    .join(', ');
  const more = out.length > mostNamed ? `, and ${out.length - mostNamed} more` : '';
  const what = `${out.length} of ${out.length + left} utterances of split 'train' are too short for their text: ${named}${more}`;
  if (left > 0) {
    say(`${what}. They are skipped`);
    return;
  }
  const { manifest, line } = (out[0] as Transcribed).utterance;
  throw new UserError(what, {
    file: manifest,
    line,
    hint: 'No utterance is left to train on: check that texts and audio belong together',
  });
}

/** SHA-256 over texts, in their order. */
export function textsDigest(utterances: readonly Transcribed[]): string {
  const hash = createHash('sha256');
  for (const { text } of utterances) hash.update(`${JSON.stringify(text)}\n`);
  return hash.digest('hex');
}
