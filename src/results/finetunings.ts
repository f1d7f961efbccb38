/** @file The records of fine-tuning under folders, and what paired tests need of them. */
import { basename, dirname, join } from 'node:path';
import { UserError } from '../base/errors.js';
import { errorRate, placedErrors } from '../metrics/index.js';
import { findFiles, inGroups } from './find-files.js';
import {
  finetuningFileName,
  readFinetunedLines,
  readFinetuning,
  type StoredFinetuning,
} from './finetuning-file.js';
import type { NamedScores } from './paired.js';
import { speakersToDraw } from './speakers.js';

/** The files of fine-tunings that paths name or hold, each once; other files are passed over. */
export const findFinetuningFiles = (paths: readonly string[]): Promise<string[]> =>
  findFiles(paths, finetuningFileName, (file) => basename(file) === finetuningFileName);

/**
 * The records of fine-tuning under folders.
 * @throws UserError naming a path that is not there, folders without any, and as `readFinetuning`
 */
export async function readFinetunings(paths: readonly string[]): Promise<StoredFinetuning[]> {
  const files = await findFinetuningFiles(paths);
  if (files.length === 0)
    throw new UserError(`no ${finetuningFileName} under ${paths.join(', ')}`, {
      hint: "Pass a folder written by 'ehmam finetune', or by a suite with fine-tuning",
    });
  return inGroups(files, (file) => readFinetuning(dirname(file)));
}

/** `greedy`, or with the language model. */
export type Decoding = 'greedy' | 'lm';

/**
 * The word errors of every utterance of a split, and the texts that they are counted against.
 * @throws UserError as `readFinetunedLines`
 */
export async function finetunedScores(
  stored: StoredFinetuning,
  split: string,
  decoding: Decoding,
): Promise<NamedScores & { readonly references: ReadonlyMap<string, string> }> {
  const ids: string[] = [];
  const speakers: (string | undefined)[] = [];
  const pairs: { reference: string; hypothesis: string }[] = [];
  for await (const { id, prediction, reference, lm, speaker } of readFinetunedLines(stored, split)) {
    ids.push(id);
    speakers.push(speaker);
    pairs.push({ reference: reference.text, hypothesis: (decoding === 'lm' ? lm : prediction)?.text ?? '' });
  }
  const { shares, alignments } = errorRate(pairs);
  return {
    path: join(stored.folder, finetuningFileName),
    ids,
    speakers: speakersToDraw({ columns: ['text'] }, speakers),
    shares,
    errors: alignments.map(placedErrors),
    references: new Map(pairs.map(({ reference }, i) => [ids[i] as string, reference])),
  };
}
