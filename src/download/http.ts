/** @file A file fetched over HTTP: one connection, resumed with ranges, retried with patience, checked by digest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { systemCode } from '../base/files.js';
import { bringFile, type Incoming, incompleteFile, sizeOf } from './resume.js';

/** A file that a publisher offers, with what is known of it. */
export interface RemoteFile {
  readonly url: string;
  readonly bytes?: number | undefined;
  /** Hexadecimal; every one given is checked. */
  readonly md5?: string | undefined;
  readonly sha256?: string | undefined;
}

export interface FetchOptions {
  /** Who asks, for the server's operators. */
  readonly userAgent: string;
  readonly onBytes?: (bytes: number) => void;
  /** Told how many bytes of the whole file are checked against its digests. */
  readonly onCheck?: (bytes: number) => void;
  /** Told of every pause before another try. */
  readonly onRetry?: (why: string) => void;
  /** What to do where this source does not serve, for hints. Default: `use another --mirror`. */
  readonly instead?: string;
  /** Tries without a byte of progress before it is given up. */
  readonly tries?: number;
  /** A connection over which nothing came for so long is dropped. */
  readonly stallSeconds?: number;
  /** Waits so many milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/** An error that is worth another try; with the server's own wish for when. */
interface Passing extends Error {
  readonly afterSeconds: number | undefined;
}

const passing = (message: string, afterSeconds?: number): Passing =>
  Object.assign(new Error(message), { afterSeconds });

const otherMirror = 'use another --mirror';
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const longestPauseSeconds = 60;
/** A server that asks for more patience than this is told to the user instead. */
const longestWishSeconds = 900;

/**
 * Fetches a file, or the rest of it. What came of an interrupted call is kept in `FILE.incomplete`, and continued
 * only if the server says that the file is still the same (ETag or Last-Modified with If-Range) or a digest is known.
 * @throws UserError (exit code 1) when the server does not have it, cannot be reached, or gives something else
 */
export async function fetchFile(remote: RemoteFile, file: string, options: FetchOptions): Promise<void> {
  const { tries = 8, wait = delay, onRetry, onBytes, onCheck, instead = otherMirror } = options;
  let failures = 0;
  let reached = (await sizeOf(incompleteFile(file))) ?? 0;
  for (;;) {
    try {
      const wrong = await bringFile({
        file,
        bytes: remote.bytes,
        open: (offset) => openRange(remote, file, offset, options),
        fault: (part) => digestFault(part, remote, onCheck),
        ...(onBytes && { onBytes }),
      });
      await rm(validatorFile(file), { force: true });
      if (wrong === undefined) return;
      throw failed(
        remote,
        `the download differs from the published file: ${wrong}`,
        `Try again, or ${instead}`,
      );
    } catch (error) {
      if (error instanceof UserError) throw error;
      // A full disk is no fault of the network.
      const code = systemCode(error);
      if (code !== undefined && /^(ENOSPC|EACCES|EROFS|EDQUOT|ENOTDIR|EISDIR|EPERM)$/.test(code)) {
        throw new UserError(`cannot be written (${messageOf(error)})`, { exitCode: 1, file, cause: error });
      }
      const there = (await sizeOf(incompleteFile(file))) ?? 0;
      failures = there > reached ? 1 : failures + 1;
      reached = Math.max(there, reached);
      const reason = reasonOf(error);
      const wish =
        error instanceof Error && 'afterSeconds' in error ? (error as Passing).afterSeconds : undefined;
      const again = 'Run the same command again to resume';
      if (failures >= tries) throw failed(remote, `${reason}, ${failures} times`, again, error);
      if (wish !== undefined && wish > longestWishSeconds)
        throw failed(
          remote,
          `${reason}; the server asks to wait ${Math.ceil(wish / 60)} minutes`,
          again,
          error,
        );
      // Others who were cut off at the same time come back at other times.
      const pause = Math.min(longestPauseSeconds, 2 ** (failures - 1)) * (0.75 + 0.5 * Math.random());
      const seconds = Math.max(wish ?? 0, pause);
      onRetry?.(`${reason}; next try in ${Math.ceil(seconds)} s`);
      await wait(seconds * 1000);
    }
  }
}

const validatorSchema = z.object({ url: z.string(), validator: z.string() });
const validatorFile = (file: string): string => `${incompleteFile(file)}.json`;

async function openRange(
  remote: RemoteFile,
  file: string,
  offset: number,
  options: Pick<FetchOptions, 'userAgent' | 'stallSeconds' | 'instead'>,
): Promise<Incoming> {
  const { userAgent, stallSeconds = 60, instead = otherMirror } = options;
  const { url, md5, sha256 } = remote;
  const validator = offset === 0 ? undefined : await knownValidator(file, url);
  const mayResume = offset > 0 && (validator !== undefined || md5 !== undefined || sha256 !== undefined);
  const stall = new AbortController();
  const watch = setTimeout(() => stall.abort(), stallSeconds * 1000).unref();
  try {
    const response = await fetch(url, {
      signal: stall.signal,
      headers: {
        'user-agent': userAgent,
        // A range of a compressed answer would be a range of other bytes.
        'accept-encoding': 'identity',
        ...(mayResume && { range: `bytes=${offset}-` }),
        ...(mayResume && validator !== undefined && { 'if-range': validator }),
      },
    });
    const { status, headers, body } = response;
    if (status === 416 && mayResume) {
      await body?.cancel();
      return await openRange(remote, file, 0, options);
    }
    if (status !== 200 && status !== 206) {
      await body?.cancel();
      throw statusError(remote, status, headers.get('retry-after'), instead);
    }
    const start = status === 206 ? rangeStart(headers.get('content-range')) : 0;
    if (body === null || (start !== 0 && start !== offset))
      throw passing('the server sent a different range');
    const length = headers.get('content-length');
    if (remote.bytes !== undefined && length !== null && start + Number(length) !== remote.bytes) {
      await body.cancel();
      const what = `the server's file has ${start + Number(length)} bytes, expected ${remote.bytes}`;
      throw failed(remote, what, capitalized(instead));
    }
    if (start === 0) await keepValidator(file, url, headers);
    return { content: watched(body, watch, stallSeconds), offset: start };
  } catch (error) {
    clearTimeout(watch);
    throw stall.signal.aborted ? passing(`no data for ${stallSeconds} s`) : error;
  }
}

/** Passes the chunks on; the watch is set anew with each. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  watch: NodeJS.Timeout,
  stallSeconds: number,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      watch.refresh();
      yield chunk;
    }
  } catch (error) {
    const isStall = error instanceof Error && error.name === 'AbortError';
    throw isStall
      ? passing(`no data for ${stallSeconds} s`)
      : passing(`connection lost (${reasonOf(error)})`);
  } finally {
    clearTimeout(watch);
  }
}

function rangeStart(contentRange: string | null): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? Number.NaN);
}

function statusError(remote: RemoteFile, status: number, retryAfter: string | null, instead: string): Error {
  if (status === 408 || status === 425 || status === 429 || status >= 500)
    return passing(`the server answered with status ${status}`, secondsUntil(retryAfter));
  const hint =
    status === 404 || status === 410 ? `The file may have moved: ${instead}` : capitalized(instead);
  return failed(remote, `the server answered with status ${status}`, hint);
}

/** Retry-After: seconds, or a date. */
function secondsUntil(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const seconds = /^\d+$/.test(retryAfter.trim())
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** Weak ETags do not say that the bytes are the same. */
async function keepValidator(file: string, url: string, headers: Headers): Promise<void> {
  const tag = headers.get('etag');
  const validator = tag?.startsWith('"') ? tag : headers.get('last-modified');
  if (validator === null) await rm(validatorFile(file), { force: true });
  else await writeFile(validatorFile(file), JSON.stringify({ url, validator }));
}

async function knownValidator(file: string, url: string): Promise<string | undefined> {
  const text = await readFile(validatorFile(file), 'utf8').catch(() => '');
  try {
    const known = validatorSchema.parse(JSON.parse(text));
    return known.url === url ? known.validator : undefined;
  } catch {
    return undefined;
  }
}

/** What differs from the digests that are known, or undefined. */
export async function digestFault(
  file: string,
  known: Pick<RemoteFile, 'md5' | 'sha256'>,
  onBytes?: (bytes: number) => void,
): Promise<string | undefined> {
  const wanted = (['md5', 'sha256'] as const).flatMap((name) =>
    known[name] === undefined ? [] : [{ name, digest: known[name], hash: createHash(name) }],
  );
  if (wanted.length === 0) return undefined;
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    for (const { hash } of wanted) hash.update(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
  }
  const faults = wanted.flatMap(({ name, digest, hash }) => {
    const found = hash.digest('hex');
    return found === digest ? [] : [`its ${name.toUpperCase()} is ${found}, expected ${digest}`];
  });
  return faults[0];
}

function failed(remote: RemoteFile, what: string, hint: string, cause?: unknown): UserError {
  return new UserError(what, { exitCode: 1, file: remote.url, hint, ...(cause !== undefined && { cause }) });
}

/** The innermost message: `fetch failed` alone says nothing. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error ? error.cause : undefined;
  return inner === undefined ? messageOf(error) : reasonOf(inner);
}
