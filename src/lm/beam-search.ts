/**
 * @file Beam search over CTC emissions with a lexicon and an n-gram model.
 *
 * Follows the lexicon decoder of flashlight-text (CTC criterion, max instead of log-add, unknown words left out), which
 * SUPERB's ASR uses. Scores of the language model are log10, as there.
 */
import type { FramePass, Run } from './greedy.js';
import { type LexiconEntry, type LexiconNode, lexiconTrie } from './lexicon.js';
import { type NgramModel, scoreWord, wordOf } from './model.js';

export interface BeamSettings {
  readonly beam: number;
  /** How many of the likeliest tokens of a frame are tried. */
  readonly beamTokens: number;
  /** How far a candidate may be behind the best one of its frame. */
  readonly beamThreshold: number;
  readonly lmWeight: number;
  readonly wordScore: number;
  /** Added for every frame that says the boundary. */
  readonly silenceScore: number;
}

/** SUPERB's. */
export const beamDefaults: BeamSettings = {
  beam: 5,
  beamTokens: 32,
  beamThreshold: 25,
  lmWeight: 2,
  wordScore: -1,
  silenceScore: 0,
};

/** Words said so far; the same words are the same object. */
interface History {
  readonly words: readonly number[];
  readonly next: Map<number, Step>;
  readonly number: number;
}
interface Step {
  readonly history: History;
  readonly score: number;
}

interface Hypothesis {
  readonly score: number;
  readonly history: History;
  readonly node: LexiconNode;
  readonly token: number;
  readonly afterBlank: boolean;
  /** The entries said so far, last first. */
  readonly said: Said | undefined;
  /** The runs of its path, last first, and the sum of their log-probabilities: brought up to date once it is kept. */
  path: Trail | undefined;
  acoustic: number;
}
interface Said {
  readonly entry: number;
  /** Where its last token was said first. */
  readonly frame: number;
  readonly before: Said | undefined;
}
interface Trail {
  readonly token: number;
  readonly start: number;
  /** Of the frames before. */
  readonly acoustic: number;
  readonly before: Trail | undefined;
}

export interface DecodedWord {
  readonly word: string;
  /** The runs that its tokens were said in, without blanks and boundaries. */
  readonly runs: readonly Run[];
}

export interface Decoded {
  readonly words: readonly string[];
  /** Emissions, language model and word scores together. */
  readonly score: number;
  /** The same words, with the frames that the best path says them in. */
  spoken(): readonly DecodedWord[];
}

/** Decodes log-probabilities [frames, tokens], row-major: part by part, or at once. */
export interface LexiconDecoder {
  open(tokens: number): FramePass<Decoded>;
  (emissions: Float32Array, tokens: number): Decoded;
}

/** The two tokens that mean more than a letter. */
export interface CtcTokens {
  readonly blank: number;
  /** Between words; it may also stand alone. */
  readonly boundary: number;
}

/**
 * Decoders for one lexicon and model: its trie is made once, for whatever settings.
 * @param settings of the decoder that is asked for
 */
export function lexiconSearch(
  model: NgramModel,
  entries: readonly LexiconEntry[],
  special: CtcTokens,
): (settings?: BeamSettings) => LexiconDecoder {
  const numbers = entries.map(({ word }) => wordOf(model, word));
  const begin = [wordOf(model, '<s>')];
  const root = lexiconTrie(
    entries,
    numbers.map((word) => scoreWord(model, begin, word)),
  );
  const search = { model, entries, numbers, begin, root, ...special };
  return (settings = beamDefaults) => {
    const open = (tokens: number): FramePass<Decoded> => beamPass(search, settings, tokens);
    const decode = (emissions: Float32Array, tokens: number): Decoded => {
      const pass = open(tokens);
      pass.push(emissions);
      return pass.finish();
    };
    return Object.assign(decode, { open });
  };
}

/** A decoder for one lexicon, model and settings. */
export function lexiconDecoder(
  model: NgramModel,
  entries: readonly LexiconEntry[],
  special: CtcTokens,
  settings: BeamSettings = beamDefaults,
): LexiconDecoder {
  return lexiconSearch(model, entries, special)(settings);
}

interface Search extends CtcTokens {
  readonly model: NgramModel;
  readonly entries: readonly LexiconEntry[];
  /** The model's number of every entry. */
  readonly numbers: readonly number[];
  /** What stands before the first word. */
  readonly begin: readonly number[];
  readonly root: LexiconNode;
}

function beamPass(search: Search, settings: BeamSettings, tokens: number): FramePass<Decoded> {
  const { model, entries, begin, root, blank, boundary } = search;
  const { beam, beamTokens, beamThreshold, lmWeight, wordScore, silenceScore } = settings;
  const histories = historyBook(search);
  const start: Hypothesis = {
    ...{ score: 0, history: histories.start(begin), node: root, token: boundary, afterBlank: false },
    ...{ said: undefined, path: undefined, acoustic: 0 },
  };
  let hypotheses: Hypothesis[] = [start];
  let frame = 0;

  const push = (emissions: Float32Array): void => {
    for (let at = 0; at < emissions.length; at += tokens, frame++) {
      const scores = emissions.subarray(at, at + tokens);
      const tried = beamTokens >= tokens ? undefined : likeliest(scores, beamTokens);
      const emitted = (token: number): number =>
        (scores[token] as number) + (token === boundary ? silenceScore : 0);
      const candidates = candidatesWithin(beamThreshold, tokens);
      for (const before of hypotheses) {
        const ahead = before.node === root ? 0 : before.node.best;
        const { children } = before.node;
        for (const token of tried ?? children.keys()) {
          const node = children.get(token);
          if (node === undefined) continue;
          const score = before.score + emitted(token);
          const isNew = before.afterBlank || token !== before.token;
          if (isNew && node.children.size > 0) {
            const looked = score + lmWeight * (node.best - ahead);
            candidates.add(before, looked, before.history, node, token, false, before.said);
          }
          // A word of one token is not said again while its token goes on.
          if (before.node === root && before.token === token) continue;
          for (const entry of node.words) {
            const { history, score: language } = histories.said(before.history, entry);
            const whole = score + lmWeight * (language - ahead) + wordScore;
            candidates.add(before, whole, history, root, token, false, { entry, frame, before: before.said });
          }
        }
        const { history, node, said } = before;
        if (!before.afterBlank || node === root) {
          const token = node === root ? boundary : before.token;
          candidates.add(before, before.score + emitted(token), history, node, token, false, said);
        }
        candidates.add(before, before.score + (scores[blank] as number), history, node, blank, true, said);
      }
      hypotheses = candidates.best(beam);
      for (const kept of hypotheses) follow(kept, frame, scores);
    }
  };

  const finish = (): Decoded => {
    const whole = hypotheses.filter(({ node }) => node === root);
    const end = wordOf(model, '</s>');
    const finished = (whole.length > 0 ? whole : hypotheses).map((hypothesis) => ({
      ...hypothesis,
      score: hypothesis.score + lmWeight * scoreWord(model, hypothesis.history.words, end),
    }));
    const best = finished.reduce((a, b) => (b.score > a.score ? b : a), finished[0] as Hypothesis);
    const said = saidBy(best?.said);
    return {
      words: said.map(({ entry }) => (entries[entry] as LexiconEntry).word),
      score: best?.score ?? Number.NEGATIVE_INFINITY,
      spoken: () => spokenWords(search, said, best, frame),
    };
  };
  return { push, finish };
}

/** What was said before a word, and what the model gives the word there: each asked for once. */
function historyBook({ model, numbers }: Search) {
  let count = 0;
  const start = (words: readonly number[]): History => ({ words, next: new Map(), number: count++ });
  const said = (history: History, entry: number): Step => {
    const known = history.next.get(entry);
    if (known !== undefined) return known;
    const word = numbers[entry] as number;
    const step = {
      history: start([...history.words, word].slice(-model.order)),
      score: scoreWord(model, history.words, word),
    };
    history.next.set(entry, step);
    return step;
  };
  return { start, said };
}

/** Adds a frame to the path of a hypothesis: so far it has that of the one that it came from. */
function follow(hypothesis: Hypothesis, frame: number, scores: Float32Array): void {
  const { token, path, acoustic } = hypothesis;
  if (path?.token !== token) hypothesis.path = { token, start: frame, acoustic, before: path };
  hypothesis.acoustic = acoustic + (scores[token] as number);
}

function saidBy(last: Said | undefined): Said[] {
  const all: Said[] = [];
  for (let at = last; at !== undefined; at = at.before) all.push(at);
  return all.reverse();
}

/** The words with the runs that say them: those up to the first frame of each one's last token. */
function spokenWords(
  { entries, blank, boundary }: Search,
  said: readonly Said[],
  best: Hypothesis | undefined,
  frames: number,
): DecodedWord[] {
  const runs: Run[] = [];
  let [end, behind] = [frames, best?.acoustic ?? 0];
  for (let at = best?.path; at !== undefined; at = at.before) {
    const { token, start, acoustic } = at;
    if (token !== blank && token !== boundary)
      runs.push({ token, start, end, logProbability: behind - acoustic });
    [end, behind] = [start, acoustic];
  }
  runs.reverse();
  let next = 0;
  return said.map(({ entry, frame }) => {
    const first = next;
    while (next < runs.length && (runs[next] as Run).start <= frame) next++;
    return { word: (entries[entry] as LexiconEntry).word, runs: runs.slice(first, next) };
  });
}

/** The likeliest tokens of a frame, fewer than there are. */
function likeliest(scores: Float32Array, count: number): number[] {
  const all = Array.from(scores.keys());
  return all.sort((a, b) => (scores[b] as number) - (scores[a] as number)).slice(0, count);
}

/** Gathers the candidates of a frame: at most one of those that nothing but the score tells apart. */
function candidatesWithin(threshold: number, tokens: number) {
  const kept = new Map<number, Map<number, Hypothesis>>();
  let top = Number.NEGATIVE_INFINITY;
  return {
    /** Made only where it counts: most candidates are far behind. */
    add(
      { path, acoustic }: Hypothesis,
      score: number,
      history: History,
      node: LexiconNode,
      token: number,
      afterBlank: boolean,
      said: Said | undefined,
    ): void {
      if (score < top - threshold) return;
      if (score > top) top = score;
      let ofNode = kept.get(node.number);
      if (ofNode === undefined) {
        ofNode = new Map();
        kept.set(node.number, ofNode);
      }
      const key = (history.number * tokens + token) * 2 + (afterBlank ? 1 : 0);
      const known = ofNode.get(key);
      if (known !== undefined && score <= known.score) return;
      ofNode.set(key, { score, history, node, token, afterBlank, said, path, acoustic });
    },
    /** The best of them, best first. */
    best(beam: number): Hypothesis[] {
      const all: Hypothesis[] = [];
      for (const ofNode of kept.values())
        for (const each of ofNode.values()) if (each.score >= top - threshold) all.push(each);
      if (all.length > beam) {
        const scores = Float64Array.from(all, ({ score }) => score).sort();
        const least = scores[all.length - beam] as number;
        return sorted(all.filter(({ score }) => score >= least)).slice(0, beam);
      }
      return sorted(all);
    },
  };
}

const sorted = (all: Hypothesis[]): Hypothesis[] => all.sort((a, b) => b.score - a.score);
