/** @file Fluent Speech Commands with the splits and slots of its CSV files. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import { type Corpus, type CorpusRow, countRemark, firstThere, missingRemark, notThere } from './corpus.js';

const splitFiles: Readonly<Record<string, string>> = {
  train: 'data/train_data.csv',
  dev: 'data/valid_data.csv',
  test: 'data/test_data.csv',
};

/**
 * Utterances a split: SUPERB's ic in huggingface/datasets, datasets/superb/dataset_infos.json; their sum is the 30,043
 * of Lugosch et al. 2019 (https://arxiv.org/abs/1904.03670).
 */
const known: Readonly<Record<string, number>> = { train: 23132, dev: 3118, test: 3793 };

const columns = ['path', 'speakerId', 'transcription', 'action', 'object', 'location'] as const;
type Line = Readonly<Record<(typeof columns)[number], string>>;

export const fluentSpeechCommands: Corpus = {
  name: 'fluent-speech-commands',
  summary: 'Fluent Speech Commands: action, object and location of commands (ic)',
  understands: [],
  async find(root) {
    const base = firstThere(root, ['fluent_speech_commands_dataset']) ?? root;
    const absent = Object.values(splitFiles).filter((name) => !existsSync(join(base, name)));
    if (absent.length > 0) throw notThere(root, 'Fluent Speech Commands', absent);
    const rows: CorpusRow[] = [];
    const remarks: string[] = [];
    for (const [split, name] of Object.entries(splitFiles)) {
      const lines = await readLines(join(base, name));
      const missing: string[] = [];
      for (const line of lines) {
        const file = join(base, line.path);
        if (!existsSync(file)) missing.push(line.path);
        else rows.push(rowOf(line, file, split));
      }
      remarks.push(
        ...missingRemark(name, missing),
        ...countRemark(split, lines.length - missing.length, known[split]),
      );
    }
    return { manifests: { ic: rows }, remarks };
  },
};

function rowOf(line: Line, file: string, split: string): CorpusRow {
  return {
    id: `${line.speakerId}-${basename(line.path, '.wav')}`,
    file,
    split,
    columns: {
      speaker: line.speakerId,
      text: line.transcription,
      'intent.action': line.action,
      'intent.object': line.object,
      'intent.location': line.location,
    },
  };
}

async function readLines(file: string): Promise<Line[]> {
  const lines = parse(await readText(file), {
    columns: true,
    bom: true,
    skip_empty_lines: true,
  }) as Line[];
  const lacking = columns.find((name) => lines[0]?.[name] === undefined);
  if (lacking !== undefined) {
    throw new UserError(`the column '${lacking}' is missing`, {
      file,
      line: 1,
      hint: 'Download the file again',
    });
  }
  return lines;
}
