/** @file The spelling that was meant. */
import { describe, expect, it } from 'vitest';
import { closestName, hintOfName } from './names.js';

const commands = ['compare', 'doctor', 'demo', 'list'];

describe('closestName', () => {
  it('finds a name with a letter left out, doubled or changed', () => {
    expect(closestName('comprae', commands)).toBe('compare');
    expect(closestName('docotr', commands)).toBe('doctor');
    expect(closestName('DEMO', commands)).toBe('demo');
  });

  it('finds nothing for a word that is like none of them', () => {
    expect(closestName('frobnicate', commands)).toBeUndefined();
  });
});

describe('hintOfName', () => {
  it('names the closest one, or all of them', () => {
    expect(hintOfName('lst', commands)).toBe("Did you mean 'list'?");
    expect(hintOfName('frobnicate', commands)).toBe('Expected one of: compare, doctor, demo, list');
  });
});
