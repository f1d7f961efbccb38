/** @file A wheel of a Python package: found in an index, downloaded and checked, unpacked without Python. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { byteText } from '../../base/byte-size.js';
import { messageOf, UserError } from '../../base/errors.js';
import { ownVersion } from '../../base/package.js';
import { archiveEntries } from '../../data/archives/entries.js';
import { type FetchOptions, fetchFile, type RemoteFile } from '../../download/http.js';

export interface Wheel extends RemoteFile {
  readonly name: string;
}

/** What the JSON form of an index says of a project (PEP 691). */
const projectSchema = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      size: z.number().int().positive().optional(),
      hashes: z.object({ sha256: z.string().optional() }).default({}),
      yanked: z.union([z.boolean(), z.string()]).default(false),
    }),
  ),
});

const indexTimeoutMilliseconds = 60_000;
const withoutNetwork =
  'Run it again with a network (a proxy is named by HTTPS_PROXY, a mirror by PIP_INDEX_URL), or use --offline DIR';

/** The index that pip would ask. */
export function packageIndex(environment: NodeJS.ProcessEnv = process.env): string {
  return (environment.PIP_INDEX_URL || 'https://pypi.org/simple').replace(/\/+$/, '');
}

/**
 * The wheel of a version for Linux on this processor, of any Python: only its libraries are used.
 * @throws UserError (exit code 1) where the index cannot be reached or has none
 */
export async function findWheel(
  project: string,
  version: string,
  { index = packageIndex(), arch = process.arch }: { readonly index?: string; readonly arch?: string } = {},
): Promise<Wheel> {
  const url = `${index}/${project}/`;
  const failed = (what: string, cause?: unknown): UserError =>
    new UserError(`cannot download ${project} ${version}: ${what}`, {
      exitCode: 1,
      hint: withoutNetwork,
      ...(cause !== undefined && { cause }),
    });
  const response = await fetch(url, {
    headers: {
      accept: 'application/vnd.pypi.simple.v1+json',
      'user-agent': `ehmam/${ownVersion()}`,
    },
    signal: AbortSignal.timeout(indexTimeoutMilliseconds),
  }).catch((error: unknown) => {
    throw failed(`${url} cannot be reached (${innermost(error)})`, error);
  });
  if (!response.ok) throw failed(`${url} answered with status ${response.status}`);
  const answer = projectSchema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success) throw failed(`${url} does not answer in JSON (PEP 691)`);
  const platform = new RegExp(`manylinux.*_${arch === 'arm64' ? 'aarch64' : 'x86_64'}\\.whl$`);
  const start = `${project.replaceAll('-', '_')}-${version}-`;
  const file = answer.data.files.find(
    ({ filename, yanked, hashes }) =>
      filename.startsWith(start) &&
      platform.test(filename) &&
      yanked === false &&
      hashes.sha256 !== undefined,
  );
  if (file === undefined) throw failed(`${url} has no wheel for Linux on ${arch}`);
  return {
    name: file.filename,
    url: new URL(file.url, url).href,
    bytes: file.size,
    sha256: file.hashes.sha256,
  };
}

/**
 * Downloads a wheel into a folder, or what an interrupted download lacks of it.
 * @returns its file
 * @throws UserError (exit code 1) where it cannot be had, or differs from what the index says of it
 */
export async function fetchWheel(
  wheel: Wheel,
  folder: string,
  { say, ...options }: { readonly say: (text: string) => void } & Partial<FetchOptions>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, wheel.name);
  let told = Date.now();
  await fetchFile(wheel, file, {
    userAgent: `ehmam/${ownVersion()}`,
    instead: 'name another index in PIP_INDEX_URL, or use --offline DIR',
    onRetry: (why) => say(`setup: ${wheel.name}: ${why}`),
    onBytes: (bytes) => {
      if (Date.now() - told < 10_000) return;
      told = Date.now();
      say(`setup: ${wheel.name}: ${byteText(bytes)}${wheel.bytes ? ` of ${byteText(wheel.bytes)}` : ''}`);
    },
    ...options,
  });
  return file;
}

/**
 * Unpacks those files of a wheel that are wanted.
 * @param place where a file of the wheel goes, by its path in it; undefined for those that are not wanted
 * @returns how many there were
 * @throws UserError (exit code 1) for a damaged wheel
 */
export async function unpackWheel(
  file: string,
  place: (path: string) => string | undefined,
): Promise<number> {
  let unpacked = 0;
  try {
    for await (const { name, kind, content } of archiveEntries(file)) {
      const target = kind === 'file' ? place(name) : undefined;
      if (target === undefined) continue;
      await mkdir(join(target, '..'), { recursive: true });
      await pipeline(Readable.from(content()), createWriteStream(target));
      unpacked++;
    }
  } catch (error) {
    throw new UserError(`truncated or damaged (${messageOf(error)})`, {
      exitCode: 1,
      file: basename(file),
      hint: 'Download it again',
      cause: error,
    });
  }
  return unpacked;
}

function innermost(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : innermost(cause);
}
