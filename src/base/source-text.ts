/** @file JSON and YAML from files: their values, and the line and column of each. */
import { extname } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { messageOf, together, UserError } from './errors.js';
import { type JsonNode, type JsonTree, jsonTree } from './json-text.js';

/** Names and numbers from the root of a value to a part of it. */
export type Path = readonly PropertyKey[];

/** Counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What a file holds, and where. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Where a value stands, or with `key` its key; the place of what would hold it where it is not there. */
  readonly positionOf: (path: Path, key?: boolean) => Position | undefined;
}

export interface SourceOptions {
  /** For the message of a syntax error. */
  readonly hint?: string | undefined;
  /** Whether a key that occurs twice in a JSON object is an error (default: yes); machines write none. */
  readonly refuseDuplicates?: boolean;
  /** The line of the file that the text stands on: of JSON Lines. */
  readonly line?: number | undefined;
}

/** The value of a file of settings: JSON by its ending, else YAML. */
export function settingsSource(text: string, file: string, options: SourceOptions = {}): Source {
  const isJson = extname(file).toLowerCase() === '.json';
  return isJson ? jsonSource(text, file, options) : yamlSource(text, file, options);
}

/**
 * The value of a JSON text. Positions are looked for when they are asked for.
 * @throws UserError with line and column of the syntax error, or of every key that occurs twice in an object
 */
export function jsonSource(text: string, file: string, options: SourceOptions = {}): Source {
  const { hint, refuseDuplicates = true, line: firstLine = 1 } = options;
  let known: JsonTree | undefined;
  const tree = (): JsonTree => {
    known ??= jsonTree(text);
    return known;
  };
  const place = (at: number): Position => {
    const { line, column } = placeIn(text, at);
    return { line: line + firstLine - 1, column };
  };
  const refuse = (cause?: unknown): never => {
    const faults = tree().faults.map(({ at, what }) => {
      const details = { file, ...place(at), ...(hint !== undefined && { hint }), cause };
      return new UserError(cause === undefined ? what : `invalid JSON: ${what}`, details);
    });
    throw faults.length > 0
      ? together(faults)
      : new UserError(`invalid JSON (${messageOf(cause)})`, { file });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(error);
  }
  if (refuseDuplicates && tree().root !== undefined && tree().faults.length > 0) return refuse();
  return {
    file,
    value,
    positionOf(path, key = false) {
      const at = jsonPlace(tree().root, path, key);
      return at === undefined ? undefined : place(at);
    },
  };
}

function jsonPlace(root: JsonNode | undefined, path: Path, key: boolean): number | undefined {
  let node = root;
  let keyAt = node?.at;
  for (const name of path) {
    const member = node?.members?.get(String(name));
    const inner = member?.node ?? node?.items?.[Number(name)];
    if (inner === undefined) return node?.at;
    keyAt = member?.keyAt ?? inner.at;
    node = inner;
  }
  return key ? keyAt : node?.at;
}

/**
 * The value of a YAML text (1.2).
 * @throws UserError with line and column of every syntax error, a key that occurs twice among them
 */
export function yamlSource(text: string, file: string, { hint }: SourceOptions = {}): Source {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const place = (at: number): Position => {
    const { line, col } = counter.linePos(at);
    return { line, column: col };
  };
  const refuse = (what: string, at?: number, cause?: unknown): UserError =>
    new UserError(what, {
      file,
      ...(at !== undefined && place(at)),
      ...(hint !== undefined && { hint }),
      cause,
    });
  if (document.errors.length > 0) {
    throw together(
      document.errors.map((error) =>
        refuse(
          error.code === 'DUPLICATE_KEY'
            ? `duplicate key '${keyFrom(text, error.pos[0])}'`
            : `invalid YAML: ${error.message.split('\n')[0]}`,
          error.pos[0],
          error,
        ),
      ),
    );
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    throw refuse(`invalid YAML: ${messageOf(error)}`, undefined, error);
  }
  return {
    file,
    value,
    positionOf(path, key = false) {
      const at = yamlPlace(document.contents, path, key, (node) =>
        isAlias(node) ? node.resolve(document) : undefined,
      );
      return at === undefined ? undefined : place(at);
    },
  };
}

/** The key of a map that begins at a place of the text. */
function keyFrom(text: string, at: number): string {
  const [, , quoted, bare] =
    /^(["']?)(?:(?<=["'])(.*?)\1|([^\n]*?))\s*(?::|$)/m.exec(text.slice(at, at + 200)) ?? [];
  return quoted ?? bare ?? '';
}

function yamlPlace(
  root: Node | null,
  path: Path,
  key: boolean,
  resolved: (alias: Node) => Node | undefined,
): number | undefined {
  const startOf = (node: unknown): number | undefined => (node as Node | null)?.range?.[0];
  let node: unknown = root;
  let at = startOf(root);
  let keyAt = at;
  for (const name of path) {
    const holder = resolved(node as Node) ?? node;
    const pair = isMap(holder)
      ? holder.items.find((each) => isScalar(each.key) && String(each.key.value) === String(name))
      : undefined;
    const inner = pair === undefined && isSeq(holder) ? holder.items[Number(name)] : pair?.value;
    if (pair === undefined && inner === undefined) return at;
    keyAt = startOf(pair?.key) ?? startOf(inner) ?? keyAt;
    at = startOf(inner) ?? keyAt;
    node = inner;
  }
  return key ? keyAt : at;
}

/** Line and column of a place in a text. */
function placeIn(text: string, at: number): Position {
  const before = text.slice(0, at);
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}
