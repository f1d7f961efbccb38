/** @file A model card from what the command line names: one encoder, any results. */
import { UserError } from '../../base/errors.js';
import { hintOfName } from '../../base/names.js';
import { loadEncoder } from '../../encoders/load.js';
import type { OfficialWeights } from '../../encoders/official/weights.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { modelCard } from '../../results/card/card.js';
import { encoderRows } from '../../results/encoder-rows.js';
import { readRecords, type StoredRecord } from '../../results/index.js';
import { knownTask } from '../../results/known-task.js';
import { hasRecords } from '../../results/store.js';
import { describeEncoder, type EncoderDescription } from '../inspect/describe.js';

export interface CardRequest {
  /** SPECs and results: at most one of the former. */
  readonly items: readonly string[];
  /** The name of an encoder of the results. */
  readonly encoder: string | undefined;
  readonly seed: number;
  readonly weights: OfficialWeights | undefined;
  readonly quiet: boolean;
}

/**
 * The card, the record files that it is made from, and what it could not tell.
 * @throws UserError for two SPECs, results of several encoders, and results of other weights than the SPEC's
 */
export async function cardOf({ items, encoder, seed, weights, quiet }: CardRequest): Promise<{
  readonly text: string;
  readonly records: readonly string[];
  readonly remarks: readonly string[];
}> {
  const results: string[] = [];
  const specs: string[] = [];
  for (const item of items) ((await holdsRecords(item)) ? results : specs).push(item);
  const [spec, another] = specs;
  if (another !== undefined) {
    throw new UserError(`'${spec}' and '${another}' are not result folders`, {
      hint: "A card describes one encoder: pass its SPEC and folders written by 'ehmam run'",
    });
  }
  const description =
    spec === undefined ? undefined : describeEncoder(await loadEncoder(spec, seed, { weights, quiet }));
  const all = results.length === 0 ? [] : await readRecords(results);
  const records = description === undefined ? ofName(all, encoder) : ofEncoder(all, description);
  return {
    text: modelCard(description, records, knownTasks.all()),
    records: records.map(({ path }) => path),
    remarks: records.flatMap((stored) => unknownTask(stored)),
  };
}

/** Why the hub is not told what kind of task a result is of. */
function unknownTask(stored: StoredRecord): string[] {
  try {
    knownTask(stored, knownTasks.all());
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

async function holdsRecords(item: string): Promise<boolean> {
  return hasRecords([item]).catch(() => false);
}

function ofEncoder(all: readonly StoredRecord[], { name, hash }: EncoderDescription): StoredRecord[] {
  const own = all.filter(({ record }) => record.encoder.hash === hash);
  if (all.length > 0 && own.length === 0) {
    const known = [...new Set(all.map(({ record }) => record.encoder.name))].join(', ');
    throw new UserError(`no results of ${name} with these weights`, {
      hint: `The results are of ${known}; evaluate this encoder with 'ehmam run --encoders'`,
    });
  }
  return own;
}

function ofName(all: readonly StoredRecord[], wanted: string | undefined): StoredRecord[] {
  const names = [...new Set(all.map(({ record }) => record.encoder.name))];
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined || !names.includes(name)) {
    throw name === undefined
      ? new UserError(`the results contain ${names.length} encoders`, {
          hint: `Choose one with --encoder: ${names.join(', ')}`,
        })
      : new UserError(`no results of '${name}'`, { hint: hintOfName(name, names) });
  }
  const own = all.filter(({ record }) => record.encoder.name === name);
  const { keyOf } = encoderRows(own.map(({ record }) => record));
  const [first] = own;
  for (const { path, record } of own) {
    if (first !== undefined && keyOf(record) !== keyOf(first.record))
      throw new UserError(`is of a different encoder with the same name '${name}'`, {
        file: path,
        hint: 'Pass the SPEC of the encoder that you mean',
      });
  }
  return own;
}
