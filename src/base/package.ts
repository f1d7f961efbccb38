/** @file This package: its version, its commit, its files; and the version of others. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ownFile = fileURLToPath(import.meta.url);

/** The version of this package. */
export function ownVersion(): string {
  return versionOf(ownFile);
}

/** The version of the package that a file belongs to. */
export function versionOf(file: string): string {
  return versionIn(packageFileAbove(file));
}

/**
 * The commit that this program was checked out at, `-dirty` where a tracked file differs from it. Undefined without a
 * checkout of its own (an installed package) or without git.
 */
export function ownCommit(): string | undefined {
  const folder = dirname(packageFileAbove(ownFile));
  if (!existsSync(join(folder, '.git'))) return undefined;
  const words = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
  const { status, stdout } = spawnSync('git', words, { cwd: folder, encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout.trim() || undefined : undefined;
}

/** A file that comes with this package, by its path from the package's root. */
export function projectFile(path: string): string {
  return join(dirname(packageFileAbove(ownFile)), path);
}

/** The package.json that a file belongs to: the nearest one above it that has a version. */
function packageFileAbove(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const candidate = join(folder, 'package.json');
    if (existsSync(candidate) && versionField(candidate) !== undefined) return candidate;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${file}`);
  }
}

function versionIn(packageFile: string): string {
  const version = versionField(packageFile);
  if (version === undefined) throw new Error(`${packageFile} has no version`);
  return version;
}

function versionField(packageFile: string): string | undefined {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? version : undefined;
}
