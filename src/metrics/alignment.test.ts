/** @file Edit distance: hand-made cases and the laws that every edit distance obeys. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignUnits, editsOf } from './alignment.js';

const units = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
const distance = (a: readonly string[], b: readonly string[]): number => editsOf(alignUnits(a, b));

describe('alignUnits', () => {
  it('takes the shortest way: two substitutions, not a deletion and an insertion around one', () => {
    const { steps, ...counts } = alignUnits(['the', 'cat', 'sat', 'on'], ['the', 'dog', 'here', 'on']);
    expect(counts).toEqual({ hits: 2, substitutions: 2, deletions: 0, insertions: 0 });
    expect(steps.map((step) => step.kind)).toEqual(['hit', 'substitution', 'substitution', 'hit']);
  });

  it('names the deleted and the inserted unit', () => {
    expect(alignUnits(['a', 'b', 'c', 'd'], ['a', 'c', 'd', 'e']).steps).toEqual([
      { kind: 'hit', reference: 'a', hypothesis: 'a' },
      { kind: 'deletion', reference: 'b' },
      { kind: 'hit', reference: 'c', hypothesis: 'c' },
      { kind: 'hit', reference: 'd', hypothesis: 'd' },
      { kind: 'insertion', hypothesis: 'e' },
    ]);
  });

  it('knows the distance of kitten and sitting (Levenshtein): 3', () => {
    expect(distance([...'kitten'], [...'sitting'])).toBe(3);
  });

  it('is zero exactly for equal sequences', () => {
    fc.assert(fc.property(units, units, (a, b) => (distance(a, b) === 0) === (a.join() === b.join())));
  });

  it('is symmetric', () => {
    fc.assert(fc.property(units, units, (a, b) => distance(a, b) === distance(b, a)));
  });

  it('obeys the triangle inequality', () => {
    fc.assert(
      fc.property(units, units, units, (a, b, c) => distance(a, c) <= distance(a, b) + distance(b, c)),
    );
  });

  it('lies between the difference of the lengths and the longer length', () => {
    fc.assert(
      fc.property(units, units, (a, b) => {
        const edits = distance(a, b);
        return edits >= Math.abs(a.length - b.length) && edits <= Math.max(a.length, b.length);
      }),
    );
  });

  it('spells both sequences with its steps and counts each step once', () => {
    fc.assert(
      fc.property(units, units, (a, b) => {
        const { steps, hits, substitutions, deletions, insertions } = alignUnits(a, b);
        expect(steps.flatMap((step) => (step.kind === 'insertion' ? [] : [step.reference]))).toEqual(a);
        expect(steps.flatMap((step) => (step.kind === 'deletion' ? [] : [step.hypothesis]))).toEqual(b);
        expect(hits + substitutions + deletions).toBe(a.length);
        expect(hits + substitutions + insertions).toBe(b.length);
        expect(steps.every((step) => step.kind !== 'hit' || step.reference === step.hypothesis)).toBe(true);
      }),
    );
  });
});
