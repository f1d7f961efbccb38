/** @file What is kept of what was used last. */
import { expect, it } from 'vitest';
import { lastUsed } from './last-used.js';

it('what is asked for again is kept, and what was not for longest is given up', () => {
  const [made, given]: [string[], string[]] = [[], []];
  const kept = lastUsed<string>(2, (value) => given.push(value));
  const get = (key: string): string =>
    kept.get(key, () => {
      made.push(key);
      return `value of ${key}`;
    });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(get(key)).toBe(`value of ${key}`);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
  expect(given).toEqual(['value of b', 'value of c']);
  kept.forget('a');
  expect(kept.takeAll()).toEqual(['value of b']);
  expect(kept.takeAll()).toEqual([]);
});
