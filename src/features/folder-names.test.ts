/** @file Tests of files named by ids: every id has a name of its own that can be one. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fileNames } from './folder-names.js';

it('keeps plain ids, and writes what paths have a meaning for in other signs', () => {
  const ids = ['103-1240-0000', '\u4e09 caf\u00e9', 'a/b', '..', '.hidden', 'x\0y', 'c:d'];
  expect([...fileNames(ids).values()]).toEqual([
    '103-1240-0000',
    '\u4e09 caf\u00e9',
    'a%2Fb',
    '%2E.',
    '%2Ehidden',
    'x%00y',
    'c%3Ad',
  ]);
});

it('tells ids apart that a file system may take for one', () => {
  const names = fileNames(['Yes', 'yes', 'no']);
  expect(names.get('no')).toBe('no');
  expect(names.get('Yes')).toMatch(/^Yes-[0-9a-f]{16}$/);
  expect(names.get('yes')).toMatch(/^yes-[0-9a-f]{16}$/);
});

it('gives each id one name, none longer than a file system takes', () => {
  const id = fc.string({ minLength: 1, maxLength: 400, unit: 'grapheme' });
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 20 }), (ids) => {
      const names = [...fileNames(ids).values()];
      expect(new Set(names.map((name) => name.normalize('NFC').toLowerCase())).size).toBe(ids.length);
      for (const name of names) {
        expect(name).not.toMatch(/^\.|[/\0]/);
        expect(Buffer.byteLength(name)).toBeLessThan(220);
      }
    }),
  );
});
