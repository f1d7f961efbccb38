/** @file A page from what the command line says, and its file. */

import { UserError } from '../../base/errors.js';
import { userCacheFolder, writeFileAtomic } from '../../base/files.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { compareRecords, readRecords } from '../../results/index.js';
import { buildPage, type Page, pageDocument, readAssets } from '../../results/page/index.js';
import { withSignificance } from '../../results/significance.js';
import { identifyEncoder } from '../../suite/identity.js';

export interface ReportRequest {
  readonly results: readonly string[];
  readonly out: string;
  readonly title: string;
  readonly baseline: string | undefined;
  readonly metrics: 'main' | 'all';
  readonly audio: readonly string[];
  readonly audioMegabytes: number;
  readonly root: string | undefined;
  readonly encoders: readonly string[];
  readonly hardest: number;
  /** Told of what could not be shown. */
  readonly say: (remark: string) => void;
}

/** What was written. */
export type WrittenReport = Page['summary'] & {
  readonly out: string;
  readonly bytes: number;
  /** Why something is not on the page. */
  readonly remarks: readonly string[];
};

/**
 * Writes the page, whole or not at all.
 * @throws UserError for whatever is wrong in the call or its input, before the file is touched
 */
export async function writeReport(request: ReportRequest): Promise<WrittenReport> {
  const { out, title, baseline, metrics, audio, audioMegabytes, hardest } = request;
  if (!(audioMegabytes >= 0) || !(Number.isInteger(hardest) && hardest >= 0)) {
    throw new UserError(
      `--audio-size ${audioMegabytes}, --hardest ${hardest}: expected a size of 0 or more and a whole number, 0 or more`,
    );
  }
  const remarks: string[] = [];
  const remark = (why: string): void => {
    if (remarks.includes(why)) return;
    remarks.push(why);
    request.say(why);
  };
  const tasks = knownTasks.all();
  const records = await readRecords(request.results);
  const compared = compareRecords(records, { baseline, metrics });
  const { comparison, untested } = await withSignificance(compared, records, tasks);
  for (const why of untested) remark(why);
  const page = await buildPage({
    title,
    comparison,
    records,
    tasks,
    encoders: request.encoders,
    hashOfFolder,
    audio: { paths: audio, root: request.root, mostBytes: audioMegabytes * 1e6 },
    hardest,
    remark,
  });
  const document = pageDocument(page.content, await readAssets());
  await writeFileAtomic(out, document);
  return { out, bytes: Buffer.byteLength(document), ...page.summary, remarks };
}

/** Of a run that is under way there is none yet. */
async function hashOfFolder(folder: string): Promise<string | undefined> {
  try {
    return (await identifyEncoder(folder, 0, { quiet: true }, userCacheFolder())).hash;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
