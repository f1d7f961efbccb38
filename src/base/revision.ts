/** @file Which state of the user's own work a run is of: the commit that CI names, or that of the working folder. */
import { spawnSync } from 'node:child_process';

/** What CI servers call the commit: GitHub (and Gitea, Forgejo), GitLab. */
const variables = ['GITHUB_SHA', 'CI_COMMIT_SHA'] as const;

/**
 * The commit of the user's repository; undefined outside of one, or without git. What differs from the commit is not
 * looked at: writing results into a checkout would change the answer while a run goes on.
 */
export function revisionOf(folder: string, environment: NodeJS.ProcessEnv): string | undefined {
  for (const name of variables) {
    const value = environment[name]?.trim();
    if (value) return value;
  }
  const options = { cwd: folder, encoding: 'utf8', timeout: 10_000 } as const;
  const { status, stdout } = spawnSync('git', ['rev-parse', '--verify', 'HEAD'], options);
  return status === 0 ? stdout.trim() || undefined : undefined;
}
