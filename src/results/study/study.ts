/** @file The report of a study: means, verdicts, how trainings went, what it cost. */
import type { Task } from '../../api/task.js';
import { mixedInterval, overSeeds } from '../../metrics/index.js';
import type { RecordMetric, StoredRecord } from '../record.js';
import type { StudyArm, StudyDesign } from './design.js';
import { type OverSeeds, type TrainingSummary, trainingSummary } from './training.js';
import { type StudyPair, type StudyVerdict, studyVerdicts } from './verdicts.js';

/** A strategy at a size on a task's first metric. */
export interface StudyCell extends OverSeeds {
  readonly size: string;
  readonly strategy: string;
  readonly task: string;
  readonly metric: string;
  readonly direction: 'higher' | 'lower';
  readonly values: readonly { readonly seed: number; readonly value: number }[];
  /** 95 %, over seeds and the test set. */
  readonly interval: readonly [low: number, high: number] | undefined;
}

/** An encoder that is shown beside. */
export interface StudyReference {
  readonly encoder: string;
  readonly task: string;
  readonly metric: string;
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | undefined;
}

export interface StudyTraining extends TrainingSummary {
  readonly size: string;
  readonly strategy: string;
}

/** Hours of worker processes, those of jobs side by side added up. */
export interface StudyHours {
  readonly pretraining: number;
  readonly probes: number;
  readonly features: number;
  readonly heads: number;
}

export interface StudyReport {
  readonly format: 'ehmam study 1';
  readonly design: StudyDesign;
  readonly cells: readonly StudyCell[];
  readonly references: readonly StudyReference[];
  readonly verdicts: readonly StudyVerdict[];
  readonly trainings: readonly StudyTraining[];
  readonly hours: StudyHours;
  /** Results that are not there: the encoder's name and the task's. */
  readonly missing: readonly { readonly encoder: string; readonly task: string }[];
}

export interface StudyFindings {
  readonly design: StudyDesign;
  readonly records: readonly StoredRecord[];
  readonly tasks: readonly Task[];
  /** The folder of a run, by the encoder's name. */
  readonly folderOf: (encoder: string) => string;
  /** Spent on features. */
  readonly featureSeconds: number;
}

/** Gathers what is there of a study: one that is not done has the cells of its first results. */
export async function studyReport(findings: StudyFindings): Promise<StudyReport> {
  const { design, records, tasks, folderOf, featureSeconds } = findings;
  const { arms, sizes, strategies, baseline } = design;
  const find = (encoder: string, task: string): StoredRecord | undefined =>
    records.find(({ record }) => record.encoder.name === encoder && record.task.name === task);
  const groups = sizes.flatMap((size) =>
    strategies.map((strategy) => ({
      ...{ size, strategy },
      arms: arms.filter((arm) => arm.size === size && arm.strategy === strategy),
    })),
  );
  const trained = new Set(arms.map(({ encoder }) => encoder));
  const found = groups.flatMap((group) =>
    design.tasks.flatMap((task) => {
      const own = group.arms.flatMap((arm) => {
        const stored = find(arm.encoder, task);
        return stored === undefined ? [] : [{ arm, stored }];
      });
      return own.length === 0
        ? []
        : [{ ...group, task, own, ...firstMetric(own[0]?.stored as StoredRecord) }];
    }),
  );
  const pairs = found.flatMap((after): StudyPair[] => {
    const before = found.find(
      ({ size, strategy, task }) => strategy === baseline && size === after.size && task === after.task,
    );
    if (after.strategy === baseline || before === undefined) return [];
    const { size, strategy, task, metric, direction } = after;
    const stored = (of: typeof after): StoredRecord[] => of.own.map((each) => each.stored);
    const others = valuesBeside(found, [before, after]);
    return [
      { size, strategy, task, metric, direction, before: stored(before), after: stored(after), others },
    ];
  });
  const trainings: StudyTraining[] = [];
  for (const { size, strategy, arms: own } of groups)
    trainings.push({
      size,
      strategy,
      ...(await trainingSummary(own.map(({ encoder }) => folderOf(encoder)))),
    });
  const hours = (seconds: readonly number[]): number => seconds.reduce((sum, each) => sum + each, 0) / 3600;
  return {
    format: 'ehmam study 1',
    design,
    cells: found.map((each) => cellOf(each, valuesBeside(found, [each]))),
    references: records.flatMap(({ record }) => {
      if (trained.has(record.encoder.name)) return [];
      const { metric, value, interval } = firstMetric({ path: '', record });
      return [{ encoder: record.encoder.name, task: record.task.name, metric, value, interval }];
    }),
    verdicts: await studyVerdicts(pairs, tasks),
    trainings,
    hours: {
      pretraining: hours(trainings.map(({ seconds }) => seconds.updates)),
      probes: hours(trainings.map(({ seconds }) => seconds.probes)),
      features: hours([featureSeconds]),
      heads: hours(records.map(({ record }) => record.costs.seconds)),
    },
    missing: arms.flatMap(({ encoder }) =>
      design.tasks.flatMap((task) => (find(encoder, task) === undefined ? [{ encoder, task }] : [])),
    ),
  };
}

/** What a record's task is judged by first. */
function firstMetric({ record }: StoredRecord): RecordMetric & { readonly metric: string } {
  const [first] = Object.entries(record.metrics);
  if (first === undefined) throw new Error('a record without a metric');
  const [metric, value] = first;
  return { metric, ...value };
}

type Found = Pick<StudyCell, 'size' | 'strategy' | 'task' | 'metric' | 'direction'> & {
  readonly own: readonly { readonly arm: StudyArm; readonly stored: StoredRecord }[];
};

const valuesOf = ({ own }: Found): number[] => own.map(({ stored }) => firstMetric(stored).value);

/** What the other strategies of the same size have on the same task, over seeds. */
function valuesBeside(all: readonly Found[], these: readonly Found[]): number[][] {
  const [{ size, task } = { size: '', task: '' }] = these;
  return all
    .filter((each) => each.size === size && each.task === task && !these.includes(each))
    .map(valuesOf);
}

function cellOf(
  { size, strategy, task, metric, direction, own }: Found,
  others: readonly (readonly number[])[],
): StudyCell {
  const values = own.map(({ arm, stored }) => ({ seed: arm.seed, value: firstMetric(stored).value }));
  const results = own.flatMap(({ stored }) => {
    const { value, interval } = firstMetric(stored);
    return interval === undefined ? [] : [{ value, interval }];
  });
  const whole = results.length === own.length;
  return {
    ...{ size, strategy, task, metric, direction, values },
    ...overSeeds(values.map(({ value }) => value)),
    interval: !whole ? undefined : results.length > 1 ? mixedInterval(results, others) : results[0]?.interval,
  };
}
