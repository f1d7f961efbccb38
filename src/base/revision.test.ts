/** @file Which commit a run is of: what CI says, else the checkout's, else none. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { revisionOf } from './revision.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-revision-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the commit that CI names goes before that of the folder', () => {
  expect(revisionOf('.', { GITHUB_SHA: 'abc' })).toBe('abc');
  expect(revisionOf('.', { CI_COMMIT_SHA: 'def ' })).toBe('def');
});

test('the commit is that of the repository that the folder is in, whatever else changed', () => {
  const git = (...words: string[]) => spawnSync('git', words, { cwd: folder, encoding: 'utf8' });
  git('init', '--quiet');
  expect(revisionOf(folder, {})).toBeUndefined();
  git('-c', 'user.name=n', '-c', 'user.email=e@f', 'commit', '--quiet', '--allow-empty', '--message', 'one');
  expect(revisionOf(folder, {})).toMatch(/^[0-9a-f]{40}$/);
});

test('there is none outside of a repository', () => {
  expect(revisionOf(folder, { GITHUB_SHA: '' })).toBeUndefined();
});
