/**
 * @file Beam search over CTC emissions with a lexicon and an n-gram model.
 *
 * Follows the lexicon decoder of flashlight-text (CTC criterion, max instead of log-add, unknown words left out), which
 * SUPERB's ASR uses. Scores of the language model are log10, as there.
 */
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
}

/** SUPERB's. */
export const beamDefaults: BeamSettings = {
  beam: 5,
  beamTokens: 32,
  beamThreshold: 25,
  lmWeight: 2,
  wordScore: -1,
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
}
interface Said {
  readonly entry: number;
  readonly before: Said | undefined;
}

export interface Decoded {
  readonly words: readonly string[];
  readonly score: number;
}

/**
 * A decoder for one lexicon and model.
 * @param boundary the token between words, which may also stand alone
 * @returns decodes log-probabilities [frames, tokens], row-major
 */
export function lexiconDecoder(
  model: NgramModel,
  entries: readonly LexiconEntry[],
  { blank, boundary }: { readonly blank: number; readonly boundary: number },
  settings: BeamSettings = beamDefaults,
): (emissions: Float32Array, tokens: number) => Decoded {
  const { beam, beamTokens, beamThreshold, lmWeight, wordScore } = settings;
  const numbers = entries.map(({ word }) => wordOf(model, word));
  const begin = [wordOf(model, '<s>')];
  const root = lexiconTrie(
    entries,
    numbers.map((word) => scoreWord(model, begin, word)),
  );

  return (emissions, tokens) => {
    let histories = 0;
    const newHistory = (words: readonly number[]): History => ({
      words,
      next: new Map(),
      number: histories++,
    });
    const said = (history: History, entry: number): Step => {
      const known = history.next.get(entry);
      if (known !== undefined) return known;
      const word = numbers[entry] as number;
      const step = {
        history: newHistory([...history.words, word].slice(-model.order)),
        score: scoreWord(model, history.words, word),
      };
      history.next.set(entry, step);
      return step;
    };

    const start: Hypothesis = {
      score: 0,
      history: newHistory(begin),
      node: root,
      token: boundary,
      afterBlank: false,
      said: undefined,
    };
    let hypotheses: Hypothesis[] = [start];
    for (let frame = 0; frame * tokens < emissions.length; frame++) {
      const scores = emissions.subarray(frame * tokens, (frame + 1) * tokens);
      const tried = likeliest(scores, beamTokens);
      const candidates: Hypothesis[] = [];
      for (const before of hypotheses) {
        const ahead = before.node === root ? 0 : before.node.best;
        for (const token of tried) {
          const node = before.node.children.get(token);
          if (node === undefined) continue;
          const score = before.score + (scores[token] as number);
          const isNew = before.afterBlank || token !== before.token;
          if (isNew && node.children.size > 0) {
            const looked = score + lmWeight * (node.best - ahead);
            candidates.push({ ...before, score: looked, node, token, afterBlank: false });
          }
          // A word of one token is not said again while its token goes on.
          if (before.node === root && before.token === token) continue;
          for (const entry of node.words) {
            const { history, score: language } = said(before.history, entry);
            candidates.push({
              score: score + lmWeight * (language - ahead) + wordScore,
              history,
              node: root,
              token,
              afterBlank: false,
              said: { entry, before: before.said },
            });
          }
        }
        if (!before.afterBlank || before.node === root) {
          const token = before.node === root ? boundary : before.token;
          const score = before.score + (scores[token] as number);
          candidates.push({ ...before, score, token, afterBlank: false });
        }
        const score = before.score + (scores[blank] as number);
        candidates.push({ ...before, score, token: blank, afterBlank: true });
      }
      hypotheses = bestOf(candidates, beam, beamThreshold);
    }
    const whole = hypotheses.filter(({ node }) => node === root);
    const end = wordOf(model, '</s>');
    const finished = (whole.length > 0 ? whole : hypotheses).map((hypothesis) => ({
      ...hypothesis,
      score: hypothesis.score + lmWeight * scoreWord(model, hypothesis.history.words, end),
    }));
    const [best] = bestOf(finished, 1, beamThreshold);
    return { words: wordsOf(best?.said, entries), score: best?.score ?? Number.NEGATIVE_INFINITY };
  };
}

function wordsOf(said: Said | undefined, entries: readonly LexiconEntry[]): string[] {
  const words: string[] = [];
  for (let at = said; at !== undefined; at = at.before)
    words.unshift((entries[at.entry] as LexiconEntry).word);
  return words;
}

function likeliest(scores: Float32Array, count: number): number[] {
  const all = Array.from(scores.keys());
  if (count >= all.length) return all;
  return all.sort((a, b) => (scores[b] as number) - (scores[a] as number)).slice(0, count);
}

/** The best candidates, at most one of those that nothing but the score tells apart. */
function bestOf(candidates: readonly Hypothesis[], beam: number, threshold: number): Hypothesis[] {
  const top = candidates.reduce((most, { score }) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const kept = new Map<LexiconNode, Map<string, Hypothesis>>();
  for (const candidate of candidates) {
    const { score, history, node, token, afterBlank } = candidate;
    if (score < top - threshold) continue;
    const ofNode = kept.get(node) ?? new Map<string, Hypothesis>();
    kept.set(node, ofNode);
    const key = `${history.number} ${token} ${afterBlank}`;
    if (score > (ofNode.get(key)?.score ?? Number.NEGATIVE_INFINITY)) ofNode.set(key, candidate);
  }
  const all = [...kept.values()].flatMap((ofNode) => [...ofNode.values()]);
  return all.sort((a, b) => b.score - a.score).slice(0, beam);
}
