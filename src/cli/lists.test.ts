/** @file Options that hold several values. */
import { describe, expect, it } from 'vitest';
import { listOf } from './lists.js';

describe('listOf', () => {
  it('splits at commas and forgives blanks', () => {
    expect(listOf('asr, ks', 'tasks')).toEqual(['asr', 'ks']);
    expect(listOf(undefined, 'tasks')).toBeUndefined();
  });

  it('refuses an empty value and one that occurs twice', () => {
    expect(() => listOf('asr,', 'tasks')).toThrow("--tasks 'asr,' has an empty value");
    expect(() => listOf('ks,asr,ks', 'tasks')).toThrow("--tasks: duplicate value 'ks'");
  });
});
