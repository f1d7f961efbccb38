/** @file What `mini-superb` has besides the mini suite: styles of speaking, trials, mixtures of two, spoken queries. */
import { type RandomStream, randomStream } from '../../base/random.js';
import type { Group, MiniDefinition, Speaker } from './definition.js';
import { groups } from './definition.js';
import { type PlannedMixture, planMixtures } from './mixture.js';
import { idOf, type PlannedUtterance } from './plan.js';
import { judgingGroups, type SuperbDefinition, type SuperbSource } from './superb-definition.js';
import { newSentences, pick } from './texts.js';

type JudgingGroup = (typeof judgingGroups)[number];

export interface PlannedTrial {
  readonly split: JudgingGroup;
  readonly enrol: PlannedUtterance;
  readonly test: PlannedUtterance;
}

/** A query with the documents of its split. */
export interface PlannedQuery {
  readonly split: JudgingGroup;
  readonly query: PlannedUtterance;
  readonly document: PlannedUtterance;
  readonly occurs: boolean;
}

export interface SuperbPlan {
  readonly er: readonly PlannedUtterance[];
  readonly sdSpeech: readonly PlannedUtterance[];
  readonly mixtures: readonly PlannedMixture[];
  readonly queries: readonly PlannedUtterance[];
  readonly pairsOfQueries: readonly PlannedQuery[];
  /** The speech of `sid`, divided by speakers. */
  readonly asv: readonly PlannedUtterance[];
  readonly trials: readonly PlannedTrial[];
}

/** @param mini the plan of the mini suite, whose audio serves some tasks */
export function planSuperb(
  { definition, superb }: SuperbSource,
  mini: readonly PlannedUtterance[],
): SuperbPlan {
  const random = (purpose: string): RandomStream => randomStream(definition.seed, `mini-superb ${purpose}`);
  const sdSpeech = drySpeech(definition, superb, random('sd texts'));
  const queries = spokenQueries(definition, superb, random('qbe'));
  const asv = byGroupOfSpeaker(mini);
  return {
    er: styledSpeech(definition, superb, random('er')),
    sdSpeech,
    mixtures: planMixtures(superb.parts.sd, sdSpeech, definition.seed),
    queries,
    pairsOfQueries: queries.flatMap((query) => pairsOf(query, mini)),
    asv,
    trials: judgingGroups.flatMap((split) =>
      trialsOf(
        asv.filter((utterance) => utterance.split === split),
        split,
        superb.parts.asv.trials[split],
        random(`asv ${split}`),
      ),
    ),
  };
}

/** Every style as often in every session; a session's speakers are its own. */
function styledSpeech(
  definition: MiniDefinition,
  { parts: { er } }: SuperbDefinition,
  random: RandomStream,
): PlannedUtterance[] {
  const speakers = random.shuffle(definition.speakers);
  const planned: PlannedUtterance[] = [];
  for (let session = 0; session < er.sessions; session++) {
    const own = speakers.filter((_, i) => i % er.sessions === session);
    for (const [label, conditions] of Object.entries(er.styles)) {
      const texts = sentences(definition, er.utterancesPerStyle, er.words, random);
      for (const [i, spoken] of texts.entries()) {
        planned.push({
          id: `er-${session + 1}-${label}-${String(i + 1).padStart(3, '0')}`,
          part: 'er',
          // Each is tested once, in the fold of its session.
          split: 'test',
          speaker: own[i % own.length] as Speaker,
          spoken,
          conditions,
          columns: { label, session: String(session + 1) },
        });
      }
    }
  }
  return planned;
}

/** What mixtures are made of: every speaker, in a quiet room. */
function drySpeech(
  definition: MiniDefinition,
  { parts: { sd } }: SuperbDefinition,
  random: RandomStream,
): PlannedUtterance[] {
  return definition.speakers.flatMap((speaker) =>
    sentences(definition, sd.utterancesPerSpeaker, sd.words, random).map(
      (spoken, i): PlannedUtterance => ({
        id: `sd-speech-${speaker.id}-${i + 1}`,
        part: 'sd-speech',
        split: speaker.group,
        speaker,
        spoken,
        conditions: 'dry',
        columns: {},
      }),
    ),
  );
}

function sentences(
  { grammar }: MiniDefinition,
  amount: number,
  [least, most]: readonly [number, number],
  random: RandomStream,
): string[] {
  const fits = (text: string): boolean => {
    const length = text.split(' ').length;
    return length >= least && length <= most;
  };
  return newSentences(grammar, amount, random, new Set(), fits);
}

/** Phrases by voices that the documents' training never had. */
function spokenQueries(
  definition: MiniDefinition,
  { parts: { qbe } }: SuperbDefinition,
  random: RandomStream,
): PlannedUtterance[] {
  return judgingGroups.flatMap((split) => {
    const speakers = definition.speakers.filter(({ group }) => group === split);
    return qbe.phrases[split].flatMap((spoken, at) =>
      random
        .shuffle(speakers)
        .slice(0, qbe.speakersPerPhrase)
        .map(
          (speaker, i): PlannedUtterance => ({
            id: idOf('qbe', split, at * qbe.speakersPerPhrase + i),
            part: 'qbe',
            split,
            speaker,
            spoken,
            conditions: 'query',
            columns: { text: spoken.toUpperCase() },
          }),
        ),
    );
  });
}

/** A query with every sentence of recognition of its split. */
function pairsOf(query: PlannedUtterance, mini: readonly PlannedUtterance[]): PlannedQuery[] {
  const split = query.split as JudgingGroup;
  return documentsOf(mini, split).map((document) => ({
    split,
    query,
    document,
    occurs: ` ${document.spoken} `.includes(` ${query.spoken} `),
  }));
}

/** The sentences of recognition that queries are looked for in. */
export const documentsOf = (mini: readonly PlannedUtterance[], split: Group): PlannedUtterance[] =>
  mini.filter((utterance) => utterance.part === 'asr' && utterance.split === split);

/** The audio of `sid`, each speaker in the split of its group. */
function byGroupOfSpeaker(mini: readonly PlannedUtterance[]): PlannedUtterance[] {
  return groups.flatMap((split) =>
    mini
      .filter(({ part, speaker }) => part === 'sid' && speaker?.group === split)
      .map((utterance) => ({ ...utterance, split, columns: {} })),
  );
}

/** Different pairs, every other one of one speaker. */
function trialsOf(
  utterances: readonly PlannedUtterance[],
  split: JudgingGroup,
  amount: number,
  random: RandomStream,
): PlannedTrial[] {
  const trials = new Map<string, PlannedTrial>();
  const mostTries = 1000 * (amount + 1);
  for (let tries = 0; trials.size < amount; tries++) {
    if (tries === mostTries) throw new Error(`cannot draw ${amount} trials of ${split}`);
    const wantsSame = trials.size % 2 === 0;
    const enrol = pick(utterances, random);
    const others = utterances.filter(
      (other) => other !== enrol && (other.speaker?.id === enrol.speaker?.id) === wantsSame,
    );
    const test = pick(others, random);
    const key = [enrol.id, test.id].sort().join(' ');
    if (!trials.has(key)) trials.set(key, { split, enrol, test });
  }
  return [...trials.values()];
}
