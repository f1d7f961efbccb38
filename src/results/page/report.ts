/** @file Results as one page: a file that opens from disk, with everything it needs inside. */
import { existsSync } from 'node:fs';
import type { Task } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { ownVersion } from '../../base/package.js';
import { readUtterance } from '../../data/audio.js';
import { type Comparison, compareRecords, type LayerTable } from '../compare.js';
import { type Findings, findDifferences, findingClauses } from '../findings.js';
import { withLayers } from '../layers.js';
import type { StoredRecord } from '../record.js';
import { intervalsText } from '../table.js';
import { type CloserLook, closerPart, lookCloser } from './closer.js';
import { comparisonTable } from './comparison.js';
import type { PageContent, Section } from './document.js';
import { type Html, html } from './html.js';
import { layerWeightTables, singleLayers } from './layers.js';
import { drawMasks } from './masked.js';
import { originsTable } from './origins.js';
import { pretrainingCurves } from './pretraining.js';
import { costCharts, headCurves, intervalCharts, type Part } from './quality.js';
import { type HashOfFolder, pretrainingRuns } from './runs.js';
import { type FindSound, openSounds, type SoundBudget, soundBudget } from './sound.js';
import { resultsByTask, type TaskResults } from './tasks.js';
import { termsOf } from './terms.js';

export interface PageRequest {
  readonly title: string;
  /** The table that stands first. */
  readonly comparison: Comparison;
  /** The records that it was made from. */
  readonly records: readonly StoredRecord[];
  readonly tasks: readonly Task[];
  /** Folders of pre-training, besides those that the records' encoders are. */
  readonly encoders: readonly string[];
  readonly hashOfFolder: HashOfFolder;
  readonly audio: {
    /** Folders and manifests; none embeds no sound. */
    readonly paths: readonly string[];
    readonly root: string | undefined;
    /** Bytes of the page that sound may take. */
    readonly mostBytes: number;
  };
  /** How many of a task's hardest utterances are shown. */
  readonly hardest: number;
  /** Told of what could not be shown. */
  readonly remark: (why: string) => void;
}

/** The page, and what is in it. */
export interface Page {
  readonly content: PageContent;
  readonly summary: {
    readonly records: number;
    readonly encoders: number;
    readonly tasks: number;
    /** Which differences are real, as clauses. */
    readonly findings: readonly string[];
    readonly pretrainings: readonly string[];
    /** Utterances whose masks are drawn, for all encoders together. */
    readonly masks: number;
    readonly hardest: number;
    readonly sound: SoundBudget['used'];
  };
}

/** Encoders that charts and layers show; the table has them all. */
const mostShown = 40;
/** Encoders whose predictions are looked into. */
const mostEncoders = 12;

/**
 * Gathers what the page shows.
 * @throws UserError for paths that are not there; what is only missing beside a record is told and left out
 */
export async function buildPage(request: PageRequest): Promise<Page> {
  const { comparison, records, remark } = request;
  const main = compareRecords(records);
  const terms = termsOf(request.tasks);
  const results = resultsByTask(main, records, terms, mostShown);
  const findings = await findDifferences(comparison, records, request.tasks);
  for (const why of findings.untested) remark(why);
  const clauses = findingClauses(findings);
  const { layers } = await withLayers(main, records);
  const single = layers && singleLayers(firstRows(layers), terms);
  const looks: CloserLook[] = [];
  const limits = { utterances: request.hardest, encoders: mostEncoders };
  for (const task of results) {
    const look = await lookCloser(task, request.tasks, limits, remark);
    if (look !== undefined) looks.push(look);
  }
  const findSound = await openRequested(request, looks);
  const budget = soundBudget(request.audio.mostBytes);
  const sounds = await embedSounds(looks, findSound, budget, remark);
  const search = { folders: request.encoders, hashOf: request.hashOfFolder, remark };
  const found = await pretrainingRuns(comparison, records, search);
  const masked = await drawMasks(found.runs, {
    first: hardestIds(looks),
    manifest: [
      ...request.audio.paths.filter((path) => path.endsWith('.csv')),
      ...records.map(({ record }) => record.manifest.path),
    ].find((path) => existsSync(path)),
    remark,
  });

  const parts: readonly ((Section & { readonly charts?: Part['charts'] }) | undefined)[] = [
    {
      id: 'comparison',
      title: 'Comparison',
      name: 'Comparison',
      about: 'Frozen encoders, small heads on their hidden states; every number is on the test split.',
      body: comparisonTable(comparison, terms),
    },
    section(
      ['tasks', 'Tasks'],
      'Task by task',
      `First metric of each task${intervalsText(main) === undefined ? '' : ' with its 95 % interval'}.`,
      intervalCharts(results),
    ),
    {
      id: 'layers',
      title: 'What each layer knows',
      name: 'Layers',
      about: 'The weights that a task’s head learned for the hidden states of the frozen encoder.',
      body: html`${layerWeightTables(results)}${single?.markup}`,
      charts: single?.charts ?? {},
    },
    section(
      ['learning', 'Heads'],
      'Learning of the heads',
      'Of the rate that was tested, for the first seed and the first of folds.',
      headCurves(results),
    ),
    section(
      ['pretraining', 'Pre-training'],
      'Pre-training',
      'Means over equal stretches of updates.',
      await pretrainingCurves(found),
    ),
    looks.length === 0
      ? undefined
      : {
          id: 'closer',
          title: 'A closer look',
          name: 'Closer look',
          about: 'What is confused, and the utterances that encoders get wrong the most (first seed).',
          body: closerPart(looks, (look, id) => sounds.get(soundKey(look, id))),
        },
    masked.part && {
      id: 'masks',
      title: 'What masking hides',
      name: 'Masks',
      about: 'Masks of the last epoch over the spectrogram, with predicted and actual loss of every frame.',
      body: masked.part,
    },
    section(
      ['cost', 'Cost'],
      'Cost beside quality',
      'Features and head of one seed, on the machine that ran them.',
      costCharts(results),
    ),
    { id: 'origins', title: 'Where the numbers come from', name: 'Origins', body: originsTable(records) },
  ];
  const sections = parts.filter((part) => part !== undefined);
  return {
    content: {
      title: request.title,
      facts: [
        ...factsOf(comparison, records, budget),
        ...(main.rows.length > mostShown ? [`charts of the first ${mostShown} encoders`] : []),
      ],
      lead: leadOf(clauses, findings),
      sections,
      charts: Object.assign({}, ...sections.map(({ charts }) => charts)) as PageContent['charts'],
      maker: `ehmam ${ownVersion()}`,
    },
    summary: {
      records: records.length,
      encoders: comparison.rows.length,
      tasks: results.length,
      findings: clauses,
      pretrainings: found.runs.map(({ folder }) => folder),
      masks: masked.utterances,
      hardest: looks.reduce((sum, { hardest }) => sum + hardest.length, 0),
      sound: budget.used,
    },
  };
}

/** Sentences that stand at the top; the rest unfolds. */
const mostSentences = 6;

/** Which differences are real, said before anything is shown: what is surest in large. */
function leadOf(clauses: readonly string[], { families }: Findings): Html | undefined {
  const [first, ...others] = clauses.map((clause) => `${clause[0]?.toUpperCase()}${clause.slice(1)}.`);
  if (first === undefined) return undefined;
  const list = (sentences: readonly string[]): Html | undefined =>
    sentences.length === 0
      ? undefined
      : html`<ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`;
  const rest = others.slice(mostSentences - 1);
  const more =
    rest.length === 0
      ? undefined
      : html`<details><summary>${rest.length} more</summary>${list(rest)}</details>`;
  return html`<div class="lead" role="note"><p>${first}</p>${list(others.slice(0, mostSentences - 1))}${more}<p class="note">By paired tests of each task’s first metric: p &lt; 0.05 after Holm’s correction over ${families.join(' and ')} comparisons.</p></div>`;
}

/** Of the encoders that charts show. */
const firstRows = (tables: readonly LayerTable[]): LayerTable[] =>
  tables.flatMap((table) => {
    const rows = table.rows.filter(({ row }) => row < mostShown);
    return rows.length === 0 ? [] : [{ ...table, rows }];
  });

function section(
  [id, name]: readonly [id: string, name: string],
  title: string,
  about: string,
  part: Part | undefined,
): (Section & { readonly charts: Part['charts'] }) | undefined {
  return part && { id, name, title, about, body: part.markup, charts: part.charts };
}

async function openRequested({ audio }: PageRequest, looks: readonly CloserLook[]): Promise<FindSound> {
  if (audio.paths.length === 0) return () => undefined;
  const wanted = new Set(looks.flatMap(({ hardest }) => hardest.map(({ id }) => id)));
  return openSounds(audio.paths, audio.root, wanted);
}

const manifestOf = (results: TaskResults): string => results.rows[0]?.records[0].record.manifest.path ?? '';
const soundKey = (look: CloserLook, id: string): string => JSON.stringify([look.results.key, id]);

/** The sound of every task's hardest utterances, turn by turn, so that a bound cuts all tasks alike. */
async function embedSounds(
  looks: readonly CloserLook[],
  find: FindSound,
  budget: SoundBudget,
  remark: (why: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const sounds = new Map<string, string>();
  const turns = Math.max(0, ...looks.map(({ hardest }) => hardest.length));
  for (let turn = 0; turn < turns; turn++)
    for (const look of looks) {
      const id = look.hardest[turn]?.id;
      const utterance = id === undefined ? undefined : find(id, manifestOf(look.results));
      if (id === undefined || utterance === undefined) continue;
      try {
        const sound = budget.embed(await readUtterance(utterance));
        if (sound !== undefined) sounds.set(soundKey(look, id), sound);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        remark(`no sound of ${id}: ${error.message}`);
      }
    }
  return sounds;
}

/** Utterances for the masks: texts first, since they are sentences. */
function hardestIds(looks: readonly CloserLook[]): string[] {
  const texts = (look: CloserLook): number => (look.digests[0]?.digest.edits === undefined ? 1 : 0);
  return [...looks].sort((a, b) => texts(a) - texts(b)).flatMap((look) => look.hardest.map(({ id }) => id));
}

function factsOf(
  { rows, columns }: Comparison,
  records: readonly StoredRecord[],
  { used }: SoundBudget,
): string[] {
  const counted = (count: number, name: string): string => `${count} ${name}${count === 1 ? '' : 's'}`;
  const days = records.map(({ record }) => record.createdAt.slice(0, 10)).sort();
  const [first, last] = [days[0] ?? '', days.at(-1) ?? ''];
  const refused = used.refused === 0 ? '' : `, ${used.refused} more skipped`;
  return [
    counted(rows.length, 'encoder'),
    counted(new Set(columns.map(({ taskLabel }) => taskLabel)).size, 'task'),
    counted(records.length, 'record'),
    first === last ? first : `${first} to ${last}`,
    ...(used.utterances + used.refused === 0
      ? []
      : [
          `sound of ${counted(used.utterances, 'utterance')} (${(used.bytes / 1e6).toFixed(1)} MB${refused})`,
        ]),
  ];
}
