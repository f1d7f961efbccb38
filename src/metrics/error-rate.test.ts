/** @file Error rates against jiwer, and what happens at the edges. */
import { describe, expect, it } from 'vitest';
import { errorRate } from './error-rate.js';
import { corpus, pairs } from './jiwer-pairs.fixture.js';

const texts = pairs.map(([reference, hypothesis]) => ({ reference, hypothesis }));

describe('errorRate', () => {
  it('counts the word edits that jiwer counts, utterance by utterance and over the corpus', () => {
    const { rate, shares } = errorRate(texts, 'word');
    expect(shares.map((share) => share.numerator)).toEqual(pairs.map(([, , wordEdits]) => wordEdits));
    expect(rate).toBeCloseTo(corpus.wer, 12);
  });

  it('counts the character edits that jiwer counts', () => {
    const { rate, shares } = errorRate(texts, 'character');
    expect(shares.map((share) => share.numerator)).toEqual(pairs.map(([, , , edits]) => edits));
    expect(rate).toBeCloseTo(corpus.cer, 12);
  });

  it('weighs utterances by their length: one error in one word and none in nine give 1/10', () => {
    const long = 'a b c d e f g h i';
    const { rate } = errorRate([
      { reference: 'x', hypothesis: 'y' },
      { reference: long, hypothesis: long },
    ]);
    expect(rate).toBeCloseTo(0.1, 12);
  });

  it('counts every word of an empty hypothesis as deleted and can exceed one', () => {
    expect(errorRate([{ reference: 'a b', hypothesis: '' }])).toMatchObject({ rate: 1, deletions: 2 });
    expect(errorRate([{ reference: 'a', hypothesis: 'b c d' }])).toMatchObject({ rate: 3, insertions: 2 });
  });

  it('counts a code point once, however many bytes it has', () => {
    expect(errorRate([{ reference: '🙂 é', hypothesis: '🙃 é' }], 'character').rate).toBeCloseTo(1 / 3, 12);
  });

  it('refuses a corpus without a word to recognise', () => {
    expect(() => errorRate([{ reference: ' ', hypothesis: 'a' }])).toThrow(/the metric is undefined/);
  });
});
