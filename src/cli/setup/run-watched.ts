/** @file Runs a program that downloads: says how much has come, and in one sentence why it failed. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteText } from '../../base/byte-size.js';
import { UserError } from '../../base/errors.js';
import { durationText } from '../../base/progress.js';

export interface Watching {
  /** Told every few seconds how much has come. */
  readonly say: (text: string) => void;
  /** Milliseconds between two such lines. */
  readonly interval?: number;
}

interface Run extends Watching {
  /** Where the program runs and writes. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What npm and npx tell the programs that they start; another npm would take it for settings. */
const ofAnotherNpm = /^npm_(package_|lifecycle_|config_(local_prefix|global|global_prefix|prefix)$)/;

/** How much of what a program said is kept for its error. */
const keptCharacters = 20_000;

/**
 * Runs a program to its end.
 * @param subject what it installs, for messages
 * @throws UserError (exit code 1) where it fails; the cause holds what it said
 */
export async function runWatched(
  program: string,
  words: readonly string[],
  subject: string,
  { folder, environment, say, interval = 10_000 }: Run,
): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), 'ehmam-setup-'));
  const started = Date.now();
  const before = await bytesIn(folder);
  const look = setInterval(async () => {
    const bytes = (await bytesIn(folder)) + (await bytesIn(temporary)) - before;
    say(
      `setup: ${subject}: ${byteText(Math.max(0, bytes))} after ${durationText((Date.now() - started) / 1000)}`,
    );
  }, interval);
  try {
    const inherited = Object.entries(process.env).filter(([name]) => !ofAnotherNpm.test(name));
    const env = { ...Object.fromEntries(inherited), ...environment, TMPDIR: temporary, TEMP: temporary };
    const { code, said } = await ended(program, words, folder, env);
    if (code !== 0) throw failure(subject, said);
  } finally {
    clearInterval(look);
    await rm(temporary, { recursive: true, force: true });
  }
}

function ended(
  program: string,
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    // npm is a script for the command interpreter on Windows.
    const shell = process.platform === 'win32' && program === 'npm';
    const child = spawn(program, words, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said = (said + String(chunk)).slice(-keptCharacters);
      });
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new UserError(`${program} is not on the PATH`, {
              exitCode: 1,
              hint: 'Install Node.js with npm',
              cause: error,
            })
          : error,
      ),
    );
    child.on('close', (code) => resolve({ code, said }));
  });
}

/** What went wrong, by what programs say of it. */
function failure(subject: string, said: string): UserError {
  const details = { exitCode: 1, cause: new Error(said.trim()) } as const;
  const [, code, host] =
    /(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b(?: (?:https?:\/\/)?([\w.:-]+))?/.exec(
      said,
    ) ?? [];
  if (code !== undefined)
    return new UserError(`cannot download ${subject}: ${host ?? 'a server'} cannot be reached (${code})`, {
      ...details,
      hint: 'Run it again with a network; a proxy is named by HTTPS_PROXY',
    });
  const [full] = /ENOSPC|EDQUOT/.exec(said) ?? [];
  if (full !== undefined)
    return new UserError(`cannot install ${subject}: the disk is full (${full})`, {
      ...details,
      hint: 'Free some space',
    });
  const [refused] = /EACCES|EPERM|EROFS/.exec(said) ?? [];
  if (refused !== undefined)
    return new UserError(`cannot install ${subject}: its folder cannot be written (${refused})`, {
      ...details,
      hint: 'Run it as the user who installed ehmam',
    });
  const lines = said
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^npm (error A complete log|warn)/.test(line));
  return new UserError(`cannot install ${subject}: ${lines.at(-1) ?? 'its script failed'}`, {
    ...details,
    hint: '--debug shows all that was said',
  });
}

/** Bytes of the files of a folder, of those that stay where they are while it is read. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) =>
        stat(join(parentPath, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
