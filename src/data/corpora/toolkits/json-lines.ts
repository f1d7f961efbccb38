/** @file Files with a JSON object a line, plain or gzipped: NeMo's and Lhotse's manifests. */
import { messageOf, UserError } from '../../../base/errors.js';
import { textLines } from '../../../base/text.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface JsonLine {
  readonly value: JsonObject;
  readonly line: number;
}

/**
 * The objects of a file with their lines; empty lines are passed over.
 * @throws UserError with file and line for what is no object, and as `textLines`
 */
export async function* jsonLines(file: string): AsyncGenerator<JsonLine> {
  let line = 0;
  for await (const text of textLines(file, {
    what: 'the manifest',
    hint: 'Pass a file with one JSON object per line',
  })) {
    line++;
    if (text.trim() === '') continue;
    yield { value: objectOf(text, file, line), line };
  }
}

function objectOf(text: string, file: string, line: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`invalid JSON (${shortened(messageOf(error))})`, {
      file,
      line,
      hint: isDocument(text)
        ? 'It is one JSON document over several lines: write one object per line (jq -c .[] FILE)'
        : 'Expected one JSON object per line',
      cause: error,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new UserError(`expected a JSON object, got ${Array.isArray(value) ? 'a list' : shortened(text)}`, {
    file,
    line,
    hint: 'Write one object per line (jq -c .[] FILE)',
  });
}

const isDocument = (text: string): boolean => /^\s*[[{]\s*$/.test(text);

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}...` : text);

/** A field that must be a text. */
export function textOf(value: JsonObject, field: string, file: string, line: number): string {
  const text = optionalText(value, field, file, line);
  if (text !== undefined && text !== '') return text;
  throw new UserError(`missing field '${field}'`, { file, line, hint: `Its fields: ${fieldsOf(value)}` });
}

/** A field that may be missing or null; numbers count as texts. */
export function optionalText(
  value: JsonObject,
  field: string,
  file: string,
  line: number,
): string | undefined {
  const found = value[field];
  if (found === undefined || found === null) return undefined;
  if (typeof found === 'string') return found;
  if (typeof found === 'number') return String(found);
  throw new UserError(`invalid value for '${field}': expected a string`, { file, line });
}

/** A field that may be missing or null, else a number of seconds that is not negative. */
export function seconds(value: JsonObject, field: string, file: string, line: number): number | undefined {
  const found = value[field];
  if (found === undefined || found === null) return undefined;
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
  throw new UserError(
    `invalid value for '${field}': expected a number of seconds, got ${shortened(JSON.stringify(found))}`,
    {
      file,
      line,
    },
  );
}

/** Seconds of a span: to 0.1 ms, and undefined for none. */
export function duration(value: JsonObject, field: string, file: string, line: number): number | undefined {
  const found = seconds(value, field, file, line);
  if (found === 0)
    throw new UserError(`invalid value for '${field}': expected more than 0 seconds`, { file, line });
  return found;
}

const fieldsOf = (value: JsonObject): string => shortened(Object.keys(value).join(', ') || 'none');
