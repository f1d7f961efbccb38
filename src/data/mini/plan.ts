/** @file Every utterance of the mini suite: who says what, in which split, recorded how. */
import { type RandomStream, randomStream } from '../../base/random.js';
import type { Group, MiniDefinition, MiniSource, Range, Speaker } from './definition.js';
import { groups } from './definition.js';
import { command, meaningsOf, newSentences, pick } from './texts.js';

/** The tasks of the mini suite. */
export const miniTasks = ['asr', 'ks', 'sid', 'ic'] as const;

export const partNames = ['pretrain', ...miniTasks] as const;
export type PartName = (typeof partNames)[number];

/** The folder of an utterance's audio: of the suite, and of what `mini-superb` has besides. */
export type AudioFolder = PartName | 'er' | 'sd-speech' | 'qbe';

export interface PlannedUtterance {
  readonly id: string;
  readonly part: AudioFolder;
  readonly split: Group;
  /** Absent: nobody speaks, there is only noise. */
  readonly speaker?: Speaker;
  readonly spoken: string;
  /** A name among the definition's conditions. */
  readonly conditions: string;
  /** Shortest and longest length in seconds; equal: exactly this long. */
  readonly seconds?: Range;
  /** Further columns of the manifest. */
  readonly columns: Readonly<Record<string, string>>;
}

/** The utterances of a part's manifest; pre-training also lists training audio of tasks, without its labels. */
export function listedIn(
  part: PartName,
  plan: readonly PlannedUtterance[],
  definition: MiniDefinition,
): PlannedUtterance[] {
  const own = plan.filter((utterance) => utterance.part === part);
  if (part !== 'pretrain') return own;
  const parts: readonly PartName[] = definition.parts.pretrain.alsoTrainOf;
  const borrowed = plan.filter(
    (utterance) => utterance.split === 'train' && parts.some((name) => name === utterance.part),
  );
  return [...own, ...borrowed.map((utterance) => ({ ...utterance, columns: {} }))];
}

/** Label of words that are no keyword, and of no word at all (as in Speech Commands). */
export const unknownLabel = '_unknown_';
export const silenceLabel = '_silence_';

/** The whole suite, in the manifests' order. Sentences held out of a task's training are held out of pre-training. */
export function planSuite({ definition, prose }: MiniSource): PlannedUtterance[] {
  const random = (purpose: string): RandomStream => randomStream(definition.seed, `mini ${purpose}`);
  const proseLeft = random('prose').shuffle(prose);
  const taken = new Set<string>();
  // Held-out texts are drawn first: what is left may then be used by everything else.
  const sid = { test: sidTexts('test'), dev: sidTexts('dev') };
  const asr = { test: asrTexts('test'), dev: asrTexts('dev') };
  const asrTrain = asrTexts('train');
  const sidTrain = sidTexts('train');
  const planned = [
    ...pretrainUtterances(definition, [...proseLeft, ...asrTrain.slice(-definition.parts.asr.train.prose)], {
      random: random('pretrain'),
      taken,
    }),
    ...groups.flatMap((split) =>
      asrUtterances(definition, split, { ...asr, train: asrTrain }[split], random(`asr ${split}`)),
    ),
    ...groups.flatMap((split) => ksUtterances(definition, split, random(`ks ${split}`))),
    ...groups.flatMap((split) => sidUtterances(definition, split, { ...sid, train: sidTrain }[split])),
    ...groups.flatMap((split) => icUtterances(definition, split, random(`ic ${split}`))),
  ];
  return [...planned, ...moreTestUtterances()];

  function moreTestUtterances(): PlannedUtterance[] {
    const { moreTest, parts, speakers } = definition;
    if (moreTest === undefined) return [];
    const own = { ...parts.sid.test, utterancesPerSpeaker: moreTest.sidPerSpeaker };
    const texts = sidTexts('test', own, 'sid more');
    const everyone = { ...definition, speakers: [...speakers, ...moreTest.speakers] };
    const others = { ...definition, speakers: moreTest.speakers };
    return [
      ...ksUtterances(everyone, 'test', random('ks more'), [parts.ks.test.utterances, moreTest.ks]),
      ...sidUtterances(definition, 'test', texts, sid.test.length),
      ...icUtterances(others, 'test', random('ic more'), [parts.ic.test.utterances, moreTest.ic]),
    ];
  }

  /** Sentences of the grammar first, then prose. */
  function asrTexts(split: Group): string[] {
    const { utterances, prose: proseCount } = definition.parts.asr[split];
    const grammatical = newSentences(
      definition.grammar,
      utterances - proseCount,
      random(`asr texts ${split}`),
      taken,
    );
    return [...grammatical, ...proseLeft.splice(0, proseCount)];
  }

  function sidTexts(
    split: Group,
    own = definition.parts.sid[split],
    purpose = `sid texts ${split}`,
  ): string[] {
    const { utterancesPerSpeaker, words } = own;
    const amount = utterancesPerSpeaker * definition.speakers.length;
    const fits = (text: string): boolean => {
      const length = text.split(' ').length;
      return length >= words[0] && length <= words[1];
    };
    return newSentences(definition.grammar, amount, random(purpose), taken, fits);
  }
}

function pretrainUtterances(
  definition: MiniDefinition,
  prose: readonly string[],
  { random, taken }: { readonly random: RandomStream; readonly taken: Set<string> },
): PlannedUtterance[] {
  const own = definition.parts.pretrain;
  const { utterances, leastWords, kinds, conditions } = own;
  const meanings = meaningsOf(definition.intents);
  const vocabulary = [...definition.keywords, ...definition.keywords, ...definition.unknownWords];
  const texts: Record<keyof typeof kinds, () => string> = {
    prose: () => pick(prose, random),
    sentence: () => newSentences(definition.grammar, 1, random, taken)[0] ?? '',
    command: () => command(definition.intents, pick(meanings, random), 'train', random).text,
    keywords: () => Array.from({ length: 2 + random.integer(4) }, () => pick(vocabulary, random)).join(', '),
  };
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  const draw = (): string => {
    let left = random.uniform() * names.reduce((sum, name) => sum + kinds[name], 0);
    const name = names.find((candidate) => {
      left -= kinds[candidate];
      return left < 0;
    });
    return texts[name ?? 'prose']();
  };
  const drawLongEnough = (): string => {
    let text = draw();
    while (text.split(' ').length < leastWords) text += `, ${draw()}`;
    return text;
  };
  return Array.from({ length: utterances }, (_, index) => ({
    id: idOf('pretrain', 'train', index),
    part: 'pretrain',
    split: 'train',
    speaker: speakerOf(definition, own, random),
    spoken: drawLongEnough(),
    conditions,
    columns: {},
  }));
}

function asrUtterances(
  definition: MiniDefinition,
  split: Group,
  texts: readonly string[],
  random: RandomStream,
): PlannedUtterance[] {
  const own = definition.parts.asr[split];
  return random.shuffle(texts).map((text, index) => ({
    id: idOf('asr', split, index),
    part: 'asr',
    split,
    speaker: speakerOf(definition, own, random),
    spoken: text,
    conditions: own.conditions,
    columns: { text: text.toUpperCase() },
  }));
}

/** The index of the first one, and how many. */
type Some = readonly [first: number, amount: number];

function ksUtterances(
  definition: MiniDefinition,
  split: Group,
  random: RandomStream,
  [first, amount]: Some = [0, definition.parts.ks[split].utterances],
): PlannedUtterance[] {
  const own = definition.parts.ks[split];
  const { conditions, seconds } = own;
  const labels = [...definition.keywords, unknownLabel, silenceLabel];
  return Array.from({ length: amount }, (_, i): PlannedUtterance => {
    const index = first + i;
    const label = labels[index % labels.length] ?? silenceLabel;
    const common = { id: idOf('ks', split, index), part: 'ks', split, conditions } as const;
    const exact = [seconds, seconds] as const;
    if (label === silenceLabel) return { ...common, spoken: '', seconds: exact, columns: { label } };
    const spoken = label === unknownLabel ? pick(definition.unknownWords, random) : label;
    const speaker = speakerOf(definition, own, random);
    return { ...common, speaker, spoken, seconds: exact, columns: { label, text: spoken.toUpperCase() } };
  });
}

function sidUtterances(
  definition: MiniDefinition,
  split: Group,
  texts: readonly string[],
  first = 0,
): PlannedUtterance[] {
  const { conditions, seconds } = definition.parts.sid[split];
  return texts.map((text, index) => {
    const speaker = definition.speakers[index % definition.speakers.length] as Speaker;
    return {
      id: idOf('sid', split, first + index),
      part: 'sid',
      split,
      speaker,
      spoken: text,
      conditions,
      seconds,
      columns: { label: speaker.id, text: text.toUpperCase() },
    };
  });
}

function icUtterances(
  definition: MiniDefinition,
  split: Group,
  random: RandomStream,
  [first, amount]: Some = [0, definition.parts.ic[split].utterances],
): PlannedUtterance[] {
  const own = definition.parts.ic[split];
  const { conditions } = own;
  const meanings = meaningsOf(definition.intents);
  return Array.from({ length: amount }, (_, i) => {
    const index = first + i;
    const meaning = meanings[index % meanings.length] as (typeof meanings)[number];
    const { text, action, object, location } = command(definition.intents, meaning, split, random);
    return {
      id: idOf('ic', split, index),
      part: 'ic',
      split,
      speaker: speakerOf(definition, own, random),
      spoken: text,
      conditions,
      columns: {
        text: text.toUpperCase(),
        'intent.action': action,
        'intent.object': object,
        'intent.location': location,
      },
    };
  });
}

/** A speaker of the groups that a split may take. */
export function speakerOf(
  definition: MiniDefinition,
  split: { readonly speakers: readonly Group[]; readonly fliteShare?: number | undefined },
  random: RandomStream,
): Speaker {
  const candidates = definition.speakers.filter((speaker) => split.speakers.includes(speaker.group));
  const share = split.fliteShare ?? definition.fliteShare;
  const wanted = random.uniform() < share ? 'flite' : 'espeak';
  const preferred = candidates.filter(({ synthesiser }) => synthesiser === wanted);
  return pick(preferred.length > 0 ? preferred : candidates, random);
}

export function idOf(part: string, split: Group, index: number): string {
  return `${part}-${split}-${String(index + 1).padStart(4, '0')}`;
}
