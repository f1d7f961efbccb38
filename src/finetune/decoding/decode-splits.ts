/** @file Splits decoded by a recogniser's logits: greedily, and with a language model whose weights dev chooses. */
import { basename } from 'node:path';
import { sha256OfFile } from '../../base/files.js';
import { createProgress } from '../../base/progress.js';
import { type Alphabet, spellerOf, textOfTokens } from '../../lm/alphabet.js';
import type { LexiconDecoder } from '../../lm/beam-search.js';
import { greedyTokens, logProbabilities } from '../../lm/greedy.js';
import { readLanguage } from '../../lm/language.js';
import { errorRate, type TextPair } from '../../metrics/index.js';
import type { DecodingWeights, Finetuning, NewFinetunedSplit } from '../../results/finetuning-file.js';
import { recordMetric } from '../../results/intervals.js';
import { speakersToDraw } from '../../results/speakers.js';
import { searchWeights, type TriedWeights } from './search-weights.js';
import { beamSettings, type DecodingLm } from './settings.js';
import { type KeptLogits, keepLogits, type SplitLogits, type UtteranceLogits } from './split-logits.js';

export interface DecodeRequest {
  readonly alphabet: Alphabet;
  /** By name; `dev` is among them where weights are to be searched. */
  readonly splits: Readonly<Record<string, SplitLogits>>;
  readonly lm?: DecodingLm | undefined;
  /** Folder that keeps dev's logits while weights are searched. */
  readonly scratch: string;
  /** Of the intervals' draws. */
  readonly seed: number;
  readonly quiet?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

type LanguageModel = NonNullable<Finetuning['languageModel']>;

export interface DecodedSplits {
  readonly splits: Readonly<Record<string, NewFinetunedSplit>>;
  readonly languageModel?: LanguageModel;
}

/** The split that chooses weights. */
const chooser = 'dev';

/** The text that a recogniser's likeliest tokens are. */
export function greedyText(alphabet: Alphabet, logits: Float32Array): string {
  return textOfTokens(alphabet, greedyTokens(logits, alphabet.tokens.length, alphabet.blank));
}

/**
 * Word and character error rates of splits with their intervals, and what was recognised. An encoder's pass over each split
 * is enough: those who give logits are asked once.
 * @throws UserError for a language model that cannot be read or has no word of the alphabet, and a split without a word
 * @throws the signal's reason when it is aborted
 */
export async function decodeSplits(request: DecodeRequest): Promise<DecodedSplits> {
  const { alphabet, splits, lm } = request;
  const language = lm && (await languageOf(alphabet, lm));
  const decoded: Record<string, NewFinetunedSplit> = {};
  let kept: KeptLogits | undefined;
  try {
    let tried: readonly TriedWeights[] = [];
    let weights = lm?.weights;
    let search: LanguageModel['search'];
    if (language !== undefined && weights === undefined) {
      const whole = splits[chooser];
      if (whole === undefined) throw new Error('weights are searched on dev, which is not there');
      kept = await keepLogits(whole, request.scratch);
      const dev = everyOneOf(kept, language.lm.searchUtterances);
      ({ weights, tried } = await searchWeights((all) => ratesOf(request, language, dev, all)));
      search = { utterances: dev.count, beam: language.lm.searchBeam };
    }
    const decode = language && weights && language.decoder(weights, language.lm.beam);
    for (const [name, split] of Object.entries(splits))
      decoded[name] = await decodedSplit(request, name, name === chooser ? (kept ?? split) : split, decode);
    if (language === undefined || weights === undefined) return { splits: decoded };
    return { splits: decoded, languageModel: await recordOf(language.lm, { weights, search, tried }) };
  } finally {
    await kept?.remove();
  }
}

interface Language {
  readonly lm: DecodingLm;
  decoder(weights: DecodingWeights, beam: number): LexiconDecoder;
}

async function languageOf(alphabet: Alphabet, lm: DecodingLm): Promise<Language> {
  const decoders = await readLanguage(lm, spellingOf(alphabet));
  const { beamThreshold } = lm;
  return {
    lm,
    decoder: (weights, beam) =>
      decoders(beamSettings(weights, { beam, beamThreshold }, alphabet.tokens.length)),
  };
}

/** How an alphabet spells words for a language model: those that have a character it does not have are none. */
export function spellingOf(alphabet: Alphabet): Parameters<typeof readLanguage>[1] {
  const spell = spellerOf(alphabet);
  return {
    ...alphabet,
    spell: (word) => {
      const { tokens, unknown } = spell(word);
      return unknown.length === 0 && textOfTokens(alphabet, tokens) === word.normalize('NFC')
        ? tokens
        : undefined;
    },
  };
}

async function recordOf(
  { arpa, beam }: DecodingLm,
  {
    weights,
    search,
    tried,
  }: Pick<LanguageModel, 'weights' | 'search'> & {
    readonly tried: readonly TriedWeights[];
  },
): Promise<LanguageModel> {
  return {
    ...{ file: basename(arpa), hash: await sha256OfFile(arpa), weights, beam },
    ...(search !== undefined && { search }),
    tried: [...tried],
  };
}

/** At most so many utterances of a split, evenly spread over it. */
function everyOneOf(split: SplitLogits, most: number): SplitLogits {
  const stride = Math.max(1, Math.ceil(split.count / most));
  return {
    count: Math.ceil(split.count / stride),
    read: async function* () {
      let place = 0;
      for await (const utterance of split.read()) if (place++ % stride === 0) yield utterance;
    },
  };
}

/** The word error rates of a split with each of these weights: an utterance is read once for all of them. */
async function ratesOf(
  { alphabet, quiet, signal }: DecodeRequest,
  language: Language,
  dev: SplitLogits,
  all: readonly DecodingWeights[],
): Promise<readonly number[]> {
  const { searchBeam } = language.lm;
  const decoders = all.map((weights) => language.decoder(weights, searchBeam));
  const pairs = all.map((): TextPair[] => []);
  const progress = createProgress(`decode ${chooser} with ${all.length} weights`, dev.count, {
    ...(quiet !== undefined && { quiet }),
  });
  try {
    let place = 0;
    for await (const utterance of dev.read()) {
      signal?.throwIfAborted();
      const { text: reference } = utterance;
      const spoken = hypothesesOf(alphabet, utterance);
      for (const [i, decode] of decoders.entries()) pairs[i]?.push({ reference, hypothesis: spoken(decode) });
      progress.update(++place);
    }
  } finally {
    progress.stop();
  }
  return pairs.map((each) => errorRate(each).rate);
}

/** The text of an utterance: greedily without a decoder, and where the beam finds none. */
function hypothesesOf(alphabet: Alphabet, { logits }: UtteranceLogits): (decode?: LexiconDecoder) => string {
  const tokens = alphabet.tokens.length;
  let emissions: Float32Array | undefined;
  return (decode) => {
    if (decode === undefined) return greedyText(alphabet, logits);
    emissions ??= logProbabilities(logits, tokens);
    const { words } = decode(emissions, tokens);
    return words.length === 0 ? greedyText(alphabet, logits) : words.join(' ');
  };
}

async function decodedSplit(
  { alphabet, seed, quiet, signal }: DecodeRequest,
  name: string,
  split: SplitLogits,
  decode: LexiconDecoder | undefined,
): Promise<NewFinetunedSplit> {
  const lines: NewFinetunedSplit['lines'][number][] = [];
  const progress = createProgress(`recognise ${name}`, split.count, {
    ...(quiet !== undefined && { quiet }),
  });
  try {
    for await (const utterance of split.read()) {
      signal?.throwIfAborted();
      const { id, text, speaker } = utterance;
      const spoken = hypothesesOf(alphabet, utterance);
      lines.push({
        ...{ id, prediction: { text: spoken() }, reference: { text } },
        ...(decode && { lm: { text: spoken(decode) } }),
        ...(speaker && { speaker }),
      });
      progress.update(lines.length);
    }
  } finally {
    progress.stop();
  }
  const judged = (said: (line: (typeof lines)[number]) => string) => judge(lines, said, seed);
  const { words, ...greedy } = judged(({ prediction }) => prediction.text);
  const withModel = decode && judged(({ lm }) => lm?.text ?? '');
  return {
    ...{ utterances: lines.length, words, greedy, lines },
    ...(withModel && { lm: withoutWords(withModel) }),
  };
}

type Judged = NewFinetunedSplit['greedy'] & { readonly words: number };

const withoutWords = ({ words: _, ...rest }: Judged): NewFinetunedSplit['greedy'] => rest;

/** Error rates of what was said, with their intervals. */
function judge(
  lines: NewFinetunedSplit['lines'],
  said: (line: NewFinetunedSplit['lines'][number]) => string,
  seed: number,
): Judged {
  const pairs = lines.map((line) => ({ reference: line.reference.text, hypothesis: said(line) }));
  const [wer, cer] = [errorRate(pairs), errorRate(pairs, 'character')];
  const speakers = speakersToDraw(
    { columns: ['text'] },
    lines.map(({ speaker }) => speaker),
  );
  const drawn = ({ rate, shares }: typeof wer) => {
    const metric = { value: rate, shares };
    const judged = { name: 'error rate', direction: 'lower' } as const;
    const { interval, intervalOver } = recordMetric(judged, metric, lines.length, speakers, seed);
    if (interval === undefined || intervalOver === undefined || intervalOver === 'units')
      throw new Error('an error rate has an interval over utterances or speakers');
    return { interval, intervalOver };
  };
  return {
    ...{ wer: wer.rate, cer: cer.rate, ...drawn(wer), cerInterval: drawn(cer).interval },
    words: wer.shares.reduce((sum, { denominator }) => sum + denominator, 0),
  };
}
