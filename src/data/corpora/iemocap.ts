/** @file IEMOCAP: the utterances of four emotions, a session a fold, in the order of s3prl's lists. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readText } from '../../base/text.js';
import { type Corpus, type CorpusRow, countRemark, firstThere, missingRemark, notThere } from './corpus.js';
import { filesBelow } from './walk.js';

/** What SUPERB takes of the ten emotions, and what it calls them: excited ones are happy. */
const labels: Readonly<Record<string, string>> = {
  neu: 'neu',
  hap: 'hap',
  ang: 'ang',
  sad: 'sad',
  exc: 'hap',
};

/** Utterances of each session by label: s3prl, downstream/emotion/meta_data. */
const known: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Session1: { neu: 384, hap: 278, ang: 229, sad: 194 },
  Session2: { neu: 362, hap: 327, ang: 137, sad: 197 },
  Session3: { neu: 320, hap: 286, ang: 240, sad: 305 },
  Session4: { neu: 258, hap: 303, ang: 327, sad: 143 },
  Session5: { neu: 384, hap: 442, ang: 170, sad: 245 },
};

/**
 * The dialogs of each session in the order of s3prl's lists, which is that of a folder long ago
 * (downstream/emotion/meta_data/Session1/test_meta_data.json); its dev split is drawn from them in this order.
 */
const dialogOrder: Readonly<Record<string, string>> = {
  Session1:
    'F_script02_2 F_impro07 F_script03_2 M_impro02 F_impro06 F_script01_3 M_script02_1 M_impro04 M_script01_1 ' +
    'F_impro01 F_script01_1 F_impro05 M_script01_2 M_script02_2 F_script02_1 M_script03_2 M_impro05 M_impro01 ' +
    'F_impro03 M_impro03 M_script01_3 F_script03_1 M_impro07 F_impro02 M_impro06 M_script03_1 F_impro04 F_script01_2',
  Session2:
    'F_impro03 F_script03_2 M_script03_2 M_impro04 M_impro05 F_script02_1 F_script02_2 M_script02_2 M_impro08 ' +
    'M_impro07 F_script03_1 M_script01_3 F_impro06 F_impro01 F_impro04 F_script01_2 M_impro02 M_impro03 F_script01_3 ' +
    'F_impro05 F_script01_1 M_impro06 M_script02_1 F_impro08 F_impro02 M_script01_1 M_impro01 M_script01_2 ' +
    'M_script03_1 F_impro07',
  Session3:
    'F_script02_1 M_impro04 M_script03_2 M_impro05b M_impro02 F_impro05 M_script02_2 M_impro08b F_impro07 ' +
    'M_script01_1 M_script02_1 M_impro05a M_impro07 M_script03_1 F_script03_1 M_impro01 F_script01_1 F_impro04 ' +
    'F_script02_2 F_script01_3 M_script01_3 M_impro06 F_impro01 F_impro03 M_script01_2 M_impro08a M_impro03 ' +
    'F_script03_2 F_script01_2 F_impro08 F_impro06 F_impro02',
  Session4:
    'F_script03_1 F_impro01 M_script02_1 M_script02_2 F_script01_3 M_impro05 F_script02_1 F_impro07 F_impro02 ' +
    'F_impro03 M_impro02 F_script01_1 M_script01_1 F_script03_2 M_impro06 F_script02_2 M_impro01 M_impro04 F_impro05 ' +
    'F_script01_2 F_impro08 F_impro06 M_impro03 M_script01_3 M_script01_2 M_script03_1 M_script03_2 M_impro07 ' +
    'F_impro04 M_impro08',
  Session5:
    'M_script01_3 F_impro04 M_script02_2 F_script01_3 F_script01_2 F_impro06 M_impro06 M_impro01 F_script03_1 ' +
    'F_impro07 F_script03_2 M_script01_1b F_impro05 M_script01_1 F_impro08 M_script03_1 M_impro05 F_impro01 F_impro02 ' +
    'M_impro03 F_script01_1 M_impro04 M_script02_1 F_impro03 F_script02_2 F_script02_1 M_script03_2 M_impro08 ' +
    'M_impro02 M_impro07 M_script01_2',
};

export const iemocap: Corpus = {
  name: 'iemocap',
  summary: 'IEMOCAP, neutral, happy (and excited), angry and sad utterances of five sessions (er)',
  understands: [],
  async find(root) {
    const base = firstThere(root, ['IEMOCAP_full_release']) ?? root;
    const sessions = Object.keys(known).filter((session) => existsSync(join(base, session)));
    if (sessions.length === 0) throw notThere(root, 'IEMOCAP', ['IEMOCAP_full_release/Session1']);
    const remarks: string[] = [];
    const rows: CorpusRow[] = [];
    for (const session of Object.keys(known)) {
      const own = sessions.includes(session) ? await utterancesOf(base, session, remarks) : [];
      for (const [label, count] of Object.entries(known[session] ?? {})) {
        const found = own.filter(({ columns }) => columns.label === label).length;
        remarks.push(...countRemark(`${session} ${label}`, found, count));
      }
      rows.push(...own);
    }
    return { manifests: { er: rows.map(withOrder) }, remarks };
  },
};

/** Its place among all: what s3prl draws from is this list without the session that is tested. */
function withOrder(row: CorpusRow, order: number): CorpusRow {
  return { ...row, columns: { ...row.columns, order: String(order) } };
}

interface Labelled {
  readonly id: string;
  readonly label: string;
}

/** The labelled utterances of a session whose audio is there, dialog by dialog, by name within each. */
async function utterancesOf(base: string, session: string, remarks: string[]): Promise<CorpusRow[]> {
  const folder = join(base, session);
  const files = await filesBelow(folder, remarks);
  const audio = new Set(files.filter((file) => file.startsWith('sentences/wav/')));
  const labelFiles = files.filter((file) => /^dialog\/EmoEvaluation\/[^/]+\.txt$/.test(file));
  const dialogs = new Map<string, readonly Labelled[]>();
  for (const file of labelFiles) dialogs.set(basename(file, '.txt'), await labelledIn(join(folder, file)));
  const wavOf = (dialog: string, id: string): string => `sentences/wav/${dialog}/${id}.wav`;
  const missing: string[] = [];
  const rows: CorpusRow[] = [];
  for (const dialog of inOrder(session, [...dialogs.keys()], remarks)) {
    const utterances = [...(dialogs.get(dialog) ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const { id, label } of utterances) {
      const wav = wavOf(dialog, id);
      if (!audio.has(wav)) {
        missing.push(wav);
        continue;
      }
      // Ses01F_impro01_M003: of the session's two speakers, M.
      const speaker = `${dialog.slice(0, 'Ses01'.length)}${id.slice(dialog.length + 1, dialog.length + 2)}`;
      rows.push({ id, file: join(folder, wav), split: 'test', columns: { speaker, label, session } });
    }
  }
  remarks.push(...missingRemark(session, missing));
  return rows;
}

/** Known dialogs in s3prl's order, others behind them by name. */
function inOrder(session: string, dialogs: readonly string[], remarks: string[]): string[] {
  const prefix = `Ses0${session.slice(-1)}`;
  const names = (dialogOrder[session] ?? '').split(' ').map((name) => prefix + name);
  const others = dialogs.filter((dialog) => !names.includes(dialog)).sort();
  const [first] = others;
  if (first !== undefined)
    remarks.push(`${session}: ${others.length} dialogs are not in s3prl's lists, the first is ${first}`);
  return [...names.filter((name) => dialogs.includes(name)), ...others];
}

/**
 * The utterances of a dialog with one of the labels taken: lines of time, name, label, and dimensions between tabs; all
 * others are of single raters.
 */
async function labelledIn(file: string): Promise<Labelled[]> {
  const text = await readText(file);
  return text.split(/\r?\n/).flatMap((line) => {
    const [time = '', id = '', emotion = ''] = line.split('\t');
    const label = labels[emotion];
    return time.startsWith('[') && label !== undefined ? [{ id, label }] : [];
  });
}
