/**
 * @file Audio programs that ours is compared with. Tests are skipped where they are not installed, unless
 * EHMAM_AUDIO_TOOLS=required (.ci/run installs them).
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** `describe` where all of these are installed; a test of its own fails where they are required and missing. */
export function describeWith(...tools: readonly string[]): ReturnType<typeof describe.skipIf> {
  const paths = (process.env.PATH ?? '').split(delimiter);
  const missing = tools.filter((tool) => !paths.some((path) => existsSync(join(path, tool))));
  it.runIf(process.env.EHMAM_AUDIO_TOOLS === 'required')('the tools are installed', () => {
    expect(missing).toEqual([]);
  });
  return describe.skipIf(missing.length > 0);
}
