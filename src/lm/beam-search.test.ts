/** @file The lexicon decoder: flashlight-text's transcripts, and all paths enumerated where there are few. */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { tokens as letters } from '../../tasks/asr/characters.js';
import { randomStream } from '../base/random.js';
import { readArpa } from './arpa.js';
import { beamDefaults, lexiconDecoder } from './beam-search.js';
import { type NgramModel, scoreWord, wordOf } from './model.js';

const fixtures = new URL('../../test/fixtures/lm/', import.meta.url).pathname;
const special = { blank: 0, boundary: letters.indexOf('|') };
let model: NgramModel;
beforeAll(async () => {
  model = await readArpa(`${fixtures}tiny.arpa`);
});

const spelled = (word: string) => ({
  word,
  spelling: [...`${word}|`].map((letter) => letters.indexOf(letter)),
});

test("gives flashlight-text's transcripts and scores at SUPERB's settings", async () => {
  const { lexicon, cases } = JSON.parse(await readFile(`${fixtures}decoder.json`, 'utf8')) as {
    lexicon: string[];
    cases: { emissions: number[]; words: string[]; score: number }[];
  };
  const decode = lexiconDecoder(model, lexicon.map(spelled), special);
  expect(cases).toHaveLength(24);
  for (const { emissions, words, score } of cases) {
    const decoded = decode(
      Float32Array.from(emissions, (value) => value / 1000),
      letters.length,
    );
    expect(decoded.words).toEqual(words);
    expect(decoded.score).toBeCloseTo(score, 3);
  }
});

test("gives flashlight-text's transcripts, scores and frames with a score for silence, without a model's", async () => {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(fixtures + name, 'utf8'));
  const { lexicon, cases } = (await read('decoder.json')) as {
    lexicon: string[];
    cases: { emissions: number[] }[];
  };
  const silence = (await read('silence.json')) as { words: string[]; score: number; path: number[] }[];
  const settings = { beam: 20, beamTokens: 32, beamThreshold: 50, lmWeight: 0 };
  const decode = lexiconDecoder(model, lexicon.map(spelled), special, {
    ...{ ...settings, wordScore: -0.5, silenceScore: -1.5 },
  });
  for (const [i, { words, score, path }] of silence.entries()) {
    const emissions = Float32Array.from(cases[i]?.emissions ?? [], (value) => value / 1000);
    const decoded = decode(emissions, letters.length);
    expect(decoded.words).toEqual(words);
    expect(decoded.score).toBeCloseTo(score, 3);
    const said = path.map(() => special.blank);
    for (const { token, start, end } of decoded.spoken().flatMap(({ runs }) => runs))
      said.fill(token, start, end);
    expect(said).toEqual(path.map((token) => (token === special.boundary ? special.blank : token)));
  }
});

test('gives the same whether frames come at once or in parts, and says in which frames each word is', async () => {
  const { lexicon, cases } = JSON.parse(await readFile(`${fixtures}decoder.json`, 'utf8')) as {
    lexicon: string[];
    cases: { emissions: number[] }[];
  };
  const decode = lexiconDecoder(model, lexicon.map(spelled), special);
  for (const { emissions: whole } of cases.slice(0, 6)) {
    const emissions = Float32Array.from(whole, (value) => value / 1000);
    const pass = decode.open(letters.length);
    for (let at = 0; at < emissions.length; at += 7 * letters.length)
      pass.push(emissions.subarray(at, at + 7 * letters.length));
    const [parts, once] = [pass.finish(), decode(emissions, letters.length)];
    expect(parts.score).toBe(once.score);
    expect(parts.spoken()).toEqual(once.spoken());
    let frame = 0;
    for (const { word, runs } of once.spoken()) {
      expect(runs.map(({ token }) => letters[token]).join('')).toBe(word);
      for (const { token, start, end, logProbability } of runs) {
        expect(start).toBeGreaterThanOrEqual(frame);
        frame = end;
        const said = Array.from(
          { length: end - start },
          (_, i) => emissions[(start + i) * letters.length + token],
        );
        expect(logProbability).toBeCloseTo(
          said.reduce<number>((sum, value) => sum + (value ?? 0), 0),
          4,
        );
      }
    }
  }
});

test('equals the best of all paths where the beam holds them all', () => {
  // Tokens: blank, boundary, two letters; words: A, I, AI.
  const entries = [
    { word: 'A', spelling: [2, 1] },
    { word: 'I', spelling: [3, 1] },
    { word: 'TEA', spelling: [2, 3, 1] },
  ];
  const [tokens, frames] = [4, 6];
  const wide = { ...beamDefaults, beam: 10_000, beamThreshold: 1e9 };
  const decode = lexiconDecoder(model, entries, { blank: 0, boundary: 1 }, wide);
  for (let n = 0; n < 20; n++) {
    const random = randomStream(3, 'emissions', n);
    const emissions = Float32Array.from({ length: tokens * frames }, () => -3 * random.uniform());
    const best = bestOfAllPaths(emissions, frames, tokens, entries);
    const decoded = decode(emissions, tokens);
    expect(decoded.words).toEqual(best.words);
    expect(decoded.score).toBeCloseTo(best.score, 4);
  }
});

/** Every path, collapsed as CTC does; its words if they are of the lexicon, each followed by boundaries. */
function bestOfAllPaths(
  emissions: Float32Array,
  frames: number,
  tokens: number,
  entries: readonly { word: string; spelling: readonly number[] }[],
): { words: string[]; score: number } {
  const known = new Map(entries.map(({ word, spelling }) => [spelling.slice(0, -1).join(), word]));
  let best = { words: [] as string[], score: Number.NEGATIVE_INFINITY };
  for (let code = 0; code < tokens ** frames; code++) {
    const path = Array.from({ length: frames }, (_, t) => Math.floor(code / tokens ** t) % tokens);
    const collapsed = path.filter((token, t) => token !== 0 && token !== path[t - 1]);
    const words: (string | undefined)[] = [];
    let spelling: number[] = [];
    for (const token of collapsed) {
      if (token !== 1) spelling.push(token);
      else if (spelling.length > 0) {
        words.push(known.get(spelling.join()));
        spelling = [];
      }
    }
    if (spelling.length > 0 || words.includes(undefined)) continue;
    const acoustic = path.reduce((sum, token, t) => sum + (emissions[t * tokens + token] as number), 0);
    const context = [wordOf(model, '<s>')];
    let score = acoustic;
    for (const word of [...(words as string[]), '</s>']) {
      score += beamDefaults.lmWeight * scoreWord(model, context, wordOf(model, word));
      context.push(wordOf(model, word));
    }
    score += beamDefaults.wordScore * words.length;
    if (score > best.score) best = { words: words as string[], score };
  }
  return best;
}
