/** @file Writes the predictions of results as SUPERB's leaderboard takes them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import { hintOfName } from '../../base/names.js';
import { readRecords, type StoredRecord } from '../../results/index.js';
import { readPredictions } from '../../results/predictions.js';
import type { PredictionLine } from '../../results/record.js';
import { submissionFiles, submissionTasks, withoutFormat } from '../../results/submission/lines.js';
import { knownCorpora } from '../validate/official.js';

export interface SubmissionRequest {
  readonly results: readonly string[];
  /** Below it `predict/` and `truth/` are made. */
  readonly out: string;
  /** By its name, where the results are of several. */
  readonly encoder: string | undefined;
  readonly seed: number | undefined;
}

export interface WrittenSubmission {
  readonly encoder: string;
  /** From `out`. */
  readonly files: readonly string[];
  /** What is to be known of them. */
  readonly remarks: readonly string[];
}

/**
 * Writes a file a task, as s3prl's `submit.py` lays them out, and beside them what is true, as far as s3prl writes that.
 * @throws UserError where there is no one result of a task to take, or a prediction cannot be written so
 */
export async function writeSubmission(request: SubmissionRequest): Promise<WrittenSubmission> {
  const { out } = request;
  if (existsSync(join(out, 'predict')))
    throw new UserError("already contains a folder 'predict'", {
      file: out,
      hint: 'Choose another --out, or remove the folder: its files would be submitted too',
    });
  const chosen = chooseRecords(await readRecords(request.results), request);
  const able = chosen.filter(({ record }) =>
    (submissionTasks as readonly string[]).includes(record.task.name),
  );
  const remarks = chosen.flatMap((stored) =>
    able.includes(stored) ? [] : [`${stored.record.task.name} skipped: ${whyNot(stored)}`],
  );
  if (able.length === 0)
    throw new UserError(`no results of tasks with a submission format: ${remarks.join('; ')}`, {
      hint: `Tasks with a format: ${submissionTasks.join(', ')}`,
    });
  // All of them are made before any is written.
  const made: { readonly path: string; readonly text: string }[] = [];
  for (const stored of able) {
    const { task, languageModel } = stored.record;
    const lines: PredictionLine[] = [];
    for await (const line of readPredictions(stored)) lines.push(line);
    const files = submissionFiles({ task: task.name, languageModel: languageModel !== undefined, lines });
    for (const kind of ['predict', 'truth'] as const)
      made.push(...files[kind].map(({ path, text }) => ({ path: join(kind, path), text })));
    remarks.push(...countRemark(task.name, lines.length));
  }
  for (const { path, text } of made) await writeFileAtomic(join(out, path), text);
  const [{ record }] = able as [StoredRecord];
  return { encoder: record.encoder.name, files: made.map(({ path }) => path), remarks };
}

const whyNot = ({ record: { task } }: StoredRecord): string =>
  withoutFormat[task.name] ?? 'the leaderboard does not have this task';

function countRemark(task: string, utterances: number): string[] {
  const wanted = knownCorpora[task]?.splits.test?.utterances;
  return wanted === undefined || wanted === utterances || task === 'asv'
    ? []
    : [
        `${task}: SUPERB's test set has ${wanted} utterances, these predictions ${utterances}; the leaderboard compares with its own`,
      ];
}

/** One result a task, of one encoder and seed. */
function chooseRecords(
  records: readonly StoredRecord[],
  { encoder, seed }: SubmissionRequest,
): readonly StoredRecord[] {
  const names = [...new Set(records.map(({ record }) => record.encoder.name))];
  const name = encoder ?? names[0];
  if (encoder === undefined && names.length > 1)
    throw new UserError(`the results contain ${names.length} encoders`, {
      hint: `Choose one with --encoder: ${names.join(', ')}`,
    });
  if (name === undefined || !names.includes(name))
    throw new UserError(`no results of '${encoder}'`, {
      hint: hintOfName(encoder ?? '', names),
    });
  const own = records.filter(
    ({ record }) => record.encoder.name === name && (seed === undefined || record.seed === seed),
  );
  if (own.length === 0)
    throw new UserError(`no results of ${name} with seed ${seed}`, {
      hint: 'Remove --seed, or choose another',
    });
  for (const { record } of own) {
    const others = own.filter((other) => other.record.task.name === record.task.name);
    if (others.length > 1)
      throw new UserError(`there are ${others.length} results of ${name} on ${record.task.name}`, {
        hint: `Name one with --seed: ${others.map((other) => other.record.seed).join(', ')}, or give one folder`,
      });
  }
  return own;
}
