/** @file JSON text as a tree with positions: where a value stands, the first syntax error, keys that occur twice. */

export interface JsonNode {
  /** Where the value begins, in UTF-16 units. */
  readonly at: number;
  /** Of an object. */
  readonly members?: ReadonlyMap<string, { readonly keyAt: number; readonly node: JsonNode }>;
  /** Of a list. */
  readonly items?: readonly JsonNode[];
}

/** A place in the text, and what is wrong there. */
export interface JsonFault {
  readonly at: number;
  readonly what: string;
}

export interface JsonTree {
  readonly root: JsonNode | undefined;
  /** The syntax error, or every key that an object has a second time. */
  readonly faults: readonly JsonFault[];
}

/** Deeper texts have no positions. */
const deepest = 500;

const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings.
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const space = /[ \t\n\r]*/y;

/** Reads JSON for the places of its values; `JSON.parse` is faster where only values are wanted. */
export function jsonTree(text: string): JsonTree {
  const repeated: JsonFault[] = [];
  let at = 0;
  const skip = (): void => {
    space.lastIndex = at;
    space.test(text);
    at = space.lastIndex;
  };
  const fail = (what: string): never => {
    throw new SyntaxFault({ at, what: at >= text.length ? `${what}, got the end of the file` : what });
  };
  const read = (pattern: RegExp, what: string): string => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found === undefined) return fail(what);
    at += found.length;
    return found;
  };
  const separated = (close: string, item: () => void): void => {
    at++;
    skip();
    if (text[at] === close) {
      at++;
      return;
    }
    for (;;) {
      item();
      skip();
      const next = text[at];
      if (next !== ',' && next !== close) fail(`expected ',' or '${close}'`);
      at++;
      if (next === close) return;
      skip();
    }
  };
  const value = (depth: number): JsonNode => {
    if (depth > deepest) return fail('nested too deeply');
    skip();
    const start = at;
    if (text[at] === '{') {
      const members = new Map<string, { readonly keyAt: number; readonly node: JsonNode }>();
      separated('}', () => {
        const keyAt = at;
        const key = JSON.parse(read(string, 'expected a key in double quotes')) as string;
        skip();
        if (text[at] !== ':') fail("expected ':'");
        at++;
        if (members.has(key)) repeated.push({ at: keyAt, what: `duplicate key '${key}'` });
        members.set(key, { keyAt, node: value(depth + 1) });
      });
      return { at: start, members };
    }
    if (text[at] === '[') {
      const items: JsonNode[] = [];
      separated(']', () => items.push(value(depth + 1)));
      return { at: start, items };
    }
    read(text[at] === '"' ? string : literal, text[at] === '"' ? 'invalid string' : 'expected a value');
    return { at: start };
  };
  try {
    const root = value(0);
    skip();
    if (at < text.length) fail('unexpected text after the end of the value');
    return { root, faults: repeated };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return { root: undefined, faults: [error.fault] };
  }
}

class SyntaxFault extends Error {
  constructor(readonly fault: JsonFault) {
    super(fault.what);
  }
}

/** A text's value; undefined for what is no JSON: where a schema then says all that is wrong. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
