/** @file Tests of paths that name what lies inside a file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containerOf, memberOf, memberPath, withContainer } from './member.js';

describe('memberOf', () => {
  it('takes paths of tar members and of values in Parquet files apart', () => {
    expect(memberOf('a/C#/x.tar#b/c#1.flac@1536+32044')).toEqual({
      container: 'a/C#/x.tar',
      kind: 'tar',
      name: 'b/c#1.flac',
      place: 1536,
      bytes: 32044,
      crc32: undefined,
    });
    expect(memberOf('x.parquet#audio.bytes@17+32044=9f3a11c0')).toMatchObject({
      kind: 'parquet',
      name: 'audio.bytes',
      place: 17,
      crc32: '9f3a11c0',
    });
  });

  it.each(['a.wav', 'C#.wav', 'x.tar', 'x.tar#a.wav', 'x.zip#a.wav@1+2', 'x.tar#@1+2', 'x.tar#a.wav@1+2=9f'])(
    'takes %s for a file',
    (path) => {
      expect(memberOf(path)).toBeUndefined();
      expect(containerOf(path)).toBe(path);
    },
  );

  it('gives back what memberPath wrote, whatever the names', () => {
    const name = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });
    const count = fc.nat({ max: 2 ** 40 });
    fc.assert(
      fc.property(name, count, count, (member, place, bytes) => {
        const written = { container: '/data/x.tar', name: member, place, bytes };
        expect(memberOf(memberPath(written))).toMatchObject({ ...written, kind: 'tar' });
      }),
    );
  });
});

it('withContainer changes the file alone', () => {
  const moved = (file: string): string => `/y/${file}`;
  expect(withContainer('x.tar#../a@1+2', moved)).toBe('/y/x.tar#../a@1+2');
  expect(withContainer('../a.wav', moved)).toBe('/y/../a.wav');
});
