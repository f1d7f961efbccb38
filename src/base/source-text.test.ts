/** @file Positions in JSON and YAML, and what is said of texts that are neither. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonTree } from './json-text.js';
import { jsonSource, settingsSource, yamlSource } from './source-text.js';

const messageOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

describe('a JSON text', () => {
  const source = jsonSource('{\n  "a": [1, { "b": true }],\n  "c\\n": null }', 'a.json');

  it('has a place for every value and every key', () => {
    expect(source.value).toEqual({ a: [1, { b: true }], 'c\n': null });
    expect(source.positionOf([])).toEqual({ line: 1, column: 1 });
    expect(source.positionOf(['a', 1, 'b'])).toEqual({ line: 2, column: 19 });
    expect(source.positionOf(['a', 1, 'b'], true)).toEqual({ line: 2, column: 14 });
    expect(source.positionOf(['c\n'], true)).toEqual({ line: 3, column: 3 });
  });

  it('gives the place of the holder for what is missing', () => {
    expect(source.positionOf(['a', 1, 'missing', 'deeper'])).toEqual({ line: 2, column: 12 });
  });

  it.each([
    ['{ "a": 1,\n  "b" 2 }', "2:7: invalid JSON: expected ':'"],
    ['{ "a": 1\n  "b": 2 }', "2:3: invalid JSON: expected ',' or '}'"],
    ['[1, 2,]', '1:7: invalid JSON: expected a value'],
    ["{ 'a': 1 }", '1:3: invalid JSON: expected a key in double quotes'],
    ['[1] 2', '1:5: invalid JSON: unexpected text after the end of the value'],
    ['["a\nb"]', '1:2: invalid JSON: invalid string'],
    ['{ "a": [1, 2', "1:13: invalid JSON: expected ',' or ']', got the end of the file"],
    ['', '1:1: invalid JSON: expected a value, got the end of the file'],
    ['{ "a": 1,\n "a": 2, "b": 3, "b": 4 }', "2:2: duplicate key 'a'\nx.json:2:18: duplicate key 'b'"],
  ])('that is wrong is refused with line and column: %j', (text, message) => {
    expect(messageOf(() => jsonSource(text, 'x.json'))).toBe(`x.json:${message}`);
  });

  it('of JSON Lines is placed by its line', () => {
    expect(messageOf(() => jsonSource('{"id": }', 'x.jsonl', { line: 7 }))).toBe(
      'x.jsonl:7:8: invalid JSON: expected a value',
    );
  });

  it('is read where, and only where, JSON.parse reads it', () => {
    const broken = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', 'x', '0', '\n'))
      .map(
        ([text, at, piece]) =>
          text.slice(0, at % (text.length + 1)) + piece + text.slice(at % (text.length + 1)),
      );
    fc.assert(
      fc.property(broken, (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(jsonTree(text).root !== undefined).toBe(isJson);
      }),
      { numRuns: 300 },
    );
  });

  it('nested too deeply for positions has none', () => {
    expect(jsonSource(`${'['.repeat(2000)}${']'.repeat(2000)}`, 'x').positionOf([0, 0])).toBeUndefined();
  });
});

describe('a YAML text', () => {
  const source = yamlSource('a:\n  - 1\n  - b: &x {c: 2}\n"d e": *x\n', 'a.yaml');

  it('has a place for every value and every key', () => {
    expect(source.value).toEqual({ a: [1, { b: { c: 2 } }], 'd e': { c: 2 } });
    expect(source.positionOf(['a', 1, 'b', 'c'])).toEqual({ line: 3, column: 15 });
    expect(source.positionOf(['a', 1, 'b'], true)).toEqual({ line: 3, column: 5 });
    expect(source.positionOf(['d e'], true)).toEqual({ line: 4, column: 1 });
    expect(source.positionOf(['d e', 'c'])).toEqual({ line: 3, column: 15 });
  });

  it.each([
    ['a: 1\nb: 2\na: 3\n"b": 4\n', "3:1: duplicate key 'a'\nx.yaml:4:1: duplicate key 'b'"],
    ['a:\n\t- 1\n', '2:1: invalid YAML: Tabs are not allowed as indentation'],
    ['a: [1, 2\nb: 3\n', /^x\.yaml:2:\d: invalid YAML: /],
  ])('that is wrong is refused with line and column: %j', (text, message) => {
    const said = messageOf(() => yamlSource(text, 'x.yaml'));
    if (typeof message === 'string') expect(said).toBe(`x.yaml:${message}`);
    else expect(said).toMatch(message);
  });
});

it('a file of settings is JSON by its ending, else YAML', () => {
  expect(messageOf(() => settingsSource('a: 1', 'a.JSON'))).toContain('invalid JSON');
  expect(settingsSource('a: 1', 'a.yml').value).toEqual({ a: 1 });
});
