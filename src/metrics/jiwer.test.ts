/** @file Counts and alignments against 200 stored cases of jiwer (test/fixtures/scripts/jiwer_cases.py). */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Alignment } from './alignment.js';
import { errorRate, type TextUnit } from './error-rate.js';

type Chunk = [
  kind: 'equal' | 'substitute' | 'delete' | 'insert',
  from: number,
  to: number,
  at: number,
  until: number,
];
type Case = [reference: string, hypothesis: string, words: number[], characters: number[], chunks: Chunk[]];
const file = new URL('../../test/fixtures/jiwer/cases.json', import.meta.url);
const stored = JSON.parse(readFileSync(file, 'utf8')) as { wer: number; cer: number; cases: Case[] };
const pairs = stored.cases.map(([reference, hypothesis]) => ({ reference, hypothesis }));
const countsOf = (unit: TextUnit) =>
  errorRate(pairs, unit).alignments.map((a) => [a.hits, a.substitutions, a.deletions, a.insertions]);

/** The steps of an alignment as jiwer's runs of equal kinds. */
function chunksOf({ steps }: Alignment): Chunk[] {
  const names = {
    hit: 'equal',
    substitution: 'substitute',
    deletion: 'delete',
    insertion: 'insert',
  } as const;
  const chunks: Chunk[] = [];
  let [row, column] = [0, 0];
  for (const { kind } of steps) {
    const last = chunks.at(-1);
    const chunk: Chunk = last?.[0] === names[kind] ? last : [names[kind], row, row, column, column];
    if (chunk !== last) chunks.push(chunk);
    if (kind !== 'insertion') row++;
    if (kind !== 'deletion') column++;
    chunk[2] = row;
    chunk[4] = column;
  }
  return chunks;
}

describe('errorRate', () => {
  it('counts hits, substitutions, deletions and insertions as jiwer does, in 200 pairs of texts', () => {
    expect(stored.cases).toHaveLength(200);
    expect(countsOf('word')).toEqual(stored.cases.map(([, , words]) => words));
    expect(countsOf('character')).toEqual(stored.cases.map(([, , , characters]) => characters));
  });

  it('aligns the words as jiwer does', () => {
    const chunks = errorRate(pairs, 'word').alignments.map(chunksOf);
    expect(chunks).toEqual(stored.cases.map(([, , , , wanted]) => wanted));
  });

  it('gives the corpus rates of jiwer', () => {
    expect(errorRate(pairs, 'word').rate).toBeCloseTo(stored.wer, 12);
    expect(errorRate(pairs, 'character').rate).toBeCloseTo(stored.cer, 12);
  });
});
