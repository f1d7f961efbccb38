/** @file Where the numbers of a page come from: every record with its hashes, settings and versions. */
import { engineIdentity } from '../../base/engine-identity.js';
import { plainLayout } from '../layout/layout.js';
import type { ResultRecord, StoredRecord } from '../record.js';
import { copyButtons } from './copy.js';
import { type Html, html } from './html.js';

const mostRecords = 500;

/** A table of the records. */
export function originsTable(records: readonly StoredRecord[]): Html {
  const heads = ['task', 'seed', 'preset', 'rate', 'encoder hash', 'manifest hash', 'engine', 'made', 'file'];
  const more = records.length - mostRecords;
  const rows = records
    .slice(0, mostRecords)
    .map((stored) => [stored.record.encoder.name, cellsOf(stored)] as const);
  const head = ['encoder', ...heads].map((name) => html`<th scope="col">${name}</th>`);
  const body = rows.map(
    ([name, cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  );
  return html`<details><summary>${records.length} records</summary><div class="scroll" role="region" aria-label="Records" tabindex="0"><table class="origins"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${copyButtons(plainLayout('encoder', heads, rows))}${
    more > 0 ? html`<p class="note">${more} more records are not listed.</p>` : undefined
  }</details>`;
}

function cellsOf({ path, record }: StoredRecord): (string | number)[] {
  const { encoder, task, manifest, engine } = record;
  return [
    `${task.name} v${task.version}`,
    record.seed,
    record.preset,
    rateText(record),
    encoder.hash.slice(0, 12),
    manifest.hash.slice(0, 12),
    `${engineIdentity(engine).join(' ')}, ehmam ${engine.versions.ehmam}${record.gitCommit === undefined ? '' : ` (${record.gitCommit.slice(0, 8)})`}`,
    record.createdAt.slice(0, 10),
    path,
  ];
}

/** The rate that was chosen, or each fold's. */
function rateText({ learningRates: { chosen, tried }, folds = [] }: ResultRecord): string {
  if (chosen !== null) return `${chosen} of ${tried.length}`;
  const ofFolds = folds.map(({ learningRates }) => learningRates.chosen);
  return ofFolds.length === 0 ? '—' : `${ofFolds.join(', ')} of ${tried.length}`;
}
