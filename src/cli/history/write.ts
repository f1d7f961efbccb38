/** @file A history from what the command line says: read, judged, as text or as a page. */
import { writeFileAtomic } from '../../base/files.js';
import { createProgress } from '../../base/progress.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { type History, historyOf } from '../../results/history/history.js';
import { historyPage } from '../../results/history/page.js';
import { type StateOrder, statesOf } from '../../results/history/states.js';
import { historyLine, historyText } from '../../results/history/text.js';
import { readRecords } from '../../results/index.js';
import type { TerminalOptions } from '../../results/layout/terminal.js';
import { pageDocument, readAssets } from '../../results/page/index.js';
import { gateTerms } from '../gate-options.js';

export interface HistoryRequest {
  readonly results: readonly string[];
  /** A page; without it, text alone. */
  readonly out: string | undefined;
  readonly title: string;
  readonly order: StateOrder;
  /** In percentage points. */
  readonly tolerance: number;
  readonly level: number;
  readonly quiet: boolean;
  readonly terminal: TerminalOptions;
}

/**
 * Judges every state beside the one before, and writes the page where one is asked for, whole or not at all.
 * @returns the tables as text, or one line where a page was written
 * @throws UserError for whatever is wrong in the call or its input
 */
export async function writeHistory(request: HistoryRequest): Promise<{
  readonly history: History;
  readonly text: string;
  readonly written?: { readonly out: string; readonly bytes: number };
}> {
  const terms = gateTerms(request.tolerance, request.level);
  const tasks = knownTasks.all();
  const states = statesOf(await readRecords(request.results), request.order);
  const progress = createProgress('compare', states.length, { quiet: request.quiet });
  let history: History;
  try {
    history = await historyOf(states, { ...terms, tasks, onState: (done) => progress.update(done) });
  } finally {
    progress.stop();
  }
  if (request.out === undefined) return { history, text: historyText(history, request.terminal) };
  const document = pageDocument(historyPage(history, request.title, tasks), await readAssets());
  await writeFileAtomic(request.out, document);
  const written = { out: request.out, bytes: Buffer.byteLength(document) };
  return { history, text: historyLine(history), written };
}
