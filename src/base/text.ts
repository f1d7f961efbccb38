/** @file Text files of others: UTF-8 or refused by name, unpacked where they are gzip data, never held whole unless asked. */
import { constants, createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from './errors.js';
import { systemCode } from './files.js';

export interface TextOptions {
  /** What it is, for the message that it cannot be read: 'the manifest'. */
  readonly what?: string;
  /** What to do about a file that cannot be read, or is no text. */
  readonly hint?: string;
  /** What other files that are given by mistake begin with, and their names. */
  readonly others?: readonly (readonly [start: string, name: string])[];
  /** Bytes that are read at once (default: 64 KB). */
  readonly pieceBytes?: number;
}

/** More characters than this are no text to be held whole, but one to be read in pieces. */
const longestText = 2 ** 28;

/**
 * The text of a file in pieces, as they come; a byte-order mark is left out. Gzip data is told by its content.
 * @throws UserError when the file cannot be read, is other data than text, or is text in another encoding than UTF-8
 */
export async function* textPieces(file: string, options: TextOptions = {}): AsyncGenerator<string> {
  const { hint = 'Save it as text in UTF-8', others = [], pieceBytes = 1 << 16 } = options;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const refuse = (what: string, line?: number, cause?: unknown): UserError =>
    new UserError(what, { file, hint, ...(line !== undefined && { line }), cause });
  let line = 1;
  let isFirst = true;
  try {
    for await (const bytes of unpacked(file, pieceBytes)) {
      const nature = isFirst ? otherData(bytes, others) : undefined;
      if (nature !== undefined) throw refuse(`is not UTF-8 text: it is ${nature}`);
      isFirst = false;
      const text = decoded(decoder, bytes);
      if (text === undefined || text.includes('\0')) {
        const before = text ?? new TextDecoder().decode(bytes);
        const place = line + breaksIn(before.slice(0, before.search(text === undefined ? /\ufffd/ : /\0/)));
        throw text === undefined
          ? refuse('is not UTF-8 text', place)
          : refuse('contains zero bytes: it is not text, or it is UTF-16', place);
      }
      line += breaksIn(text);
      if (text !== '') yield text;
    }
    if (decoded(decoder) === undefined)
      throw refuse('is not UTF-8 text: its last character is incomplete', line);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (typeof code === 'string' && code.startsWith('Z_'))
      throw refuse(`truncated or damaged gzip data (${messageOf(error)})`, undefined, error);
    throw systemCode(error) === undefined ? error : unreadable(file, options.what, error);
  }
}

const unreadable = (file: string, what: string | undefined, cause: unknown): UserError =>
  new UserError(`${what ?? ''} cannot be read (${messageOf(cause)})`.trim(), {
    file,
    hint: 'Check that the file exists and that you may read it',
    cause,
  });

/**
 * Of a file that is read later, after others that may be long. It is not opened: that would take from a pipe.
 * @throws UserError as `textPieces` for a file that is not there or may not be read
 */
export async function checkReadable(file: string, what: string): Promise<void> {
  await access(file, constants.R_OK).catch((error: unknown) => {
    throw unreadable(file, what, error);
  });
}

/** More characters than any line has that is meant as one. */
const longestLine = 2 ** 26;

/**
 * The lines of a file without their ends (LF or CRLF), as `textPieces` reads it.
 * @throws UserError for a line that is too long to be held, too
 */
export async function* textLines(file: string, options: TextOptions = {}): AsyncGenerator<string> {
  const ended = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
  let begun: string[] = [];
  let held = 0;
  let line = 1;
  for await (const piece of textPieces(file, options)) {
    const [first = '', ...others] = piece.split('\n');
    begun.push(first);
    held += first.length;
    if (held > longestLine)
      throw new UserError(`the line is longer than ${longestLine} characters`, { file, line });
    const last = others.pop();
    if (last === undefined) continue;
    yield ended(begun.join(''));
    for (const each of others) yield ended(each);
    line += others.length + 1;
    begun = [last];
    held = last.length;
  }
  const rest = begun.join('');
  if (rest !== '') yield rest;
}

/**
 * The whole text of a file, as `textPieces` reads it.
 * @throws UserError for one that is too long to be held, too
 */
export async function readText(file: string, options: TextOptions = {}): Promise<string> {
  let text = '';
  for await (const piece of textPieces(file, options)) {
    text += piece;
    if (text.length > longestText)
      throw new UserError(`has more than ${longestText} characters`, {
        file,
        hint: 'Split it into smaller files',
      });
  }
  return text;
}

/** As many bytes tell what a file is. */
const headBytes = 64;

async function* unpacked(file: string, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const source = createReadStream(file, { highWaterMark: pieceBytes });
  const pieces = source.iterator() as AsyncIterator<Buffer>;
  let head: Buffer = Buffer.alloc(0);
  for (let next = await pieces.next(); ; next = await pieces.next()) {
    if (!next.done) head = Buffer.concat([head, next.value]);
    if (next.done || head.length >= headBytes) break;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  }
  try {
    if (head[0] !== 0x1f || head[1] !== 0x8b) yield* whole();
    // An error of the file ends the unpacking, which throws it on.
    else
      yield* pipeline(Readable.from(whole()), createGunzip(), () => undefined) as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
  }
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes?: Uint8Array): string | undefined {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
}

const otherStarts: readonly (readonly [start: readonly number[], name: string])[] = [
  [[0xff, 0xfe], 'text in UTF-16'],
  [[0xfe, 0xff], 'text in UTF-16'],
  [[0x42, 0x5a, 0x68], 'bzip2 data: unpack it first'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz data: unpack it first'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd data: unpack it first'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive: unpack it first'],
];

function otherData(
  bytes: Uint8Array,
  others: readonly (readonly [start: string, name: string])[],
): string | undefined {
  const known = otherStarts.find(([start]) => start.every((byte, i) => bytes[i] === byte));
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  return (known ?? others.find(([start]) => head.startsWith(start)))?.[1];
}

function breaksIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
