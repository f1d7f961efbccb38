/** @file The part of the page that looks closer: what each task confuses, and its hardest utterances. */
import type { Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { type EditCounts, editsOf } from '../../metrics/index.js';
import { knownTask } from '../known-task.js';
import { plainLayout } from '../layout/layout.js';
import { percent } from '../table.js';
import { confusionTable } from './confusion.js';
import { copyButtons } from './copy.js';
import { type Digest, digestPredictions, hardestIds, linesOf } from './digest.js';
import { choice } from './figures.js';
import { type HardUtterance, hardestList } from './hardest.js';
import { type Html, html } from './html.js';
import type { TaskResults, TaskRow } from './tasks.js';

/** What is embedded of the predictions at most. */
export interface ClosenessLimits {
  /** Utterances of a task. */
  readonly utterances: number;
  /** Encoders of a task, in the order of the table. */
  readonly encoders: number;
}

/** A task's predictions, boiled down. */
export interface CloserLook {
  readonly results: TaskResults;
  readonly task: Task;
  readonly digests: readonly { readonly label: string; readonly digest: Digest }[];
  readonly hardest: readonly HardUtterance[];
  /** Encoders that are left out. */
  readonly leftOut: number;
}

/**
 * Reads the predictions of a task's encoders (of the first seed) twice: for what they add up to, and for the hardest
 * utterances' lines. Encoders whose predictions cannot be read are left out, and the reason is told.
 */
export async function lookCloser(
  results: TaskResults,
  tasks: readonly Task[],
  limits: ClosenessLimits,
  remark: (why: string) => void,
): Promise<CloserLook | undefined> {
  const { task: name } = results.column;
  const [first] = results.rows;
  if (first === undefined) return undefined;
  let task: Task;
  try {
    task = knownTask(first.records[0], tasks);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    remark(`no predictions of ${name}: ${error.message}`);
    return undefined;
  }
  const errors = new Map<string, number>();
  const read: { readonly row: TaskRow; readonly digest: Digest }[] = [];
  for (const row of results.rows.slice(0, limits.encoders)) {
    try {
      read.push({ row, digest: await digestPredictions(row.records[0], task, errors) });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      remark(`no predictions of ${row.label} on ${name}: ${error.message}`);
    }
  }
  if (read.length === 0) return undefined;
  const ids = hardestIds(errors, limits.utterances);
  errors.clear();
  const lines = new Map<string, { encoder: string; line: HardUtterance['heard'][number]['line'] }[]>();
  for (const { row } of read)
    for (const [id, line] of await linesOf(row.records[0], new Set(ids)))
      lines.set(id, [...(lines.get(id) ?? []), { encoder: row.label, line }]);
  return {
    results,
    task,
    digests: read.map(({ row, digest }) => ({ label: row.label, digest })),
    hardest: ids.map((id) => ({ id, heard: lines.get(id) ?? [] })),
    leftOut: results.rows.length - read.length,
  };
}

/** The part for all tasks; `sounds` by task and id. */
export function closerPart(
  looks: readonly CloserLook[],
  soundOf: (look: CloserLook, id: string) => string | undefined,
): Html {
  return choice(
    'closer',
    'Task',
    looks.map((look) => {
      const { results, task, digests, leftOut } = look;
      const hardest = look.hardest.map((each) => ({ ...each, sound: soundOf(look, each.id) }));
      const utterances = digests[0]?.digest.utterances ?? 0;
      return [
        results.name,
        html`${editTable(look)}${confusions(look)}<h3>Hardest utterances</h3>${
          hardest.length === 0
            ? html`<p>No encoder made an error.</p>`
            : html`<p class="note">The ${hardest.length} of ${utterances} test utterances with the most errors over the encoders${leftOut > 0 ? html` (${leftOut} more encoders are not shown)` : undefined}.${
                task.metrics[0].direction === 'lower' ? legend : undefined
              }</p>${hardestList(task, hardest)}`
        }`,
      ] as const;
    }),
  );
}

const legend = html` Marked: <span class="substitution"><del>said</del> <ins>heard instead</ins></span>, <span class="deletion"><del>left out</del></span>, <span class="insertion"><ins>put in</ins></span>.`;

function confusions({ results, digests }: CloserLook): Html | undefined {
  const columns = [...(digests[0]?.digest.confusions.keys() ?? [])];
  if (columns.length === 0) return undefined;
  return html`<h3>Confusions</h3>${choice(
    `${results.key}-confusion`,
    'Encoder',
    digests.map(({ label, digest }) => [
      label,
      columns.map((column) =>
        confusionTable(`${label}, ${column}`, digest.confusions.get(column) ?? new Map()),
      ),
    ]),
  )}`;
}

/** Substitutions, deletions, insertions of every encoder, as shares of the reference's units. */
function editTable({ results, task, digests }: CloserLook): Html | undefined {
  const rows = digests.flatMap(({ label, digest: { edits } }) => (edits ? [{ label, edits }] : []));
  if (rows.length === 0) return undefined;
  const units = task.metrics[0].name === 'per' ? 'phones' : 'words';
  const title = `${results.title}: errors by kind, % of the ${units} said`;
  const kinds = ['substituted', 'left out', 'put in', 'all'];
  const head = ['encoder', ...kinds].map(
    (name, i) => html`<th scope="col" class="${i === 0 ? '' : 'number'}">${name}</th>`,
  );
  const layout = plainLayout(
    `${results.title}, % of the ${units}`,
    kinds,
    rows.map(({ label, edits }) => [label, sharesOf(edits).map(percent)]),
  );
  return html`<h3>Errors by kind</h3><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table><caption class="unseen">${title}</caption><thead><tr>${head}</tr></thead><tbody>${rows.map(
    ({ label, edits }) =>
      html`<tr><th scope="row">${label}</th>${sharesOf(edits).map((share) => html`<td class="number">${percent(share)}</td>`)}</tr>`,
  )}</tbody></table></div>${copyButtons(layout)}`;
}

/** Substituted, left out, put in, and all together, of what was said. */
function sharesOf(edits: EditCounts): number[] {
  const said = Math.max(1, edits.hits + edits.substitutions + edits.deletions);
  return [edits.substitutions, edits.deletions, edits.insertions, editsOf(edits)].map(
    (count) => count / said,
  );
}
