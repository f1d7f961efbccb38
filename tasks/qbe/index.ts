/** @file Query by example: which documents a spoken query occurs in (SUPERB QbE). */
import {
  type DtwSpec,
  type JudgedRow,
  type QueryTruth,
  type Task,
  termWeightedStatistic,
  UserError,
} from '../../src/api/index.js';

export const qbe: Task<DtwSpec> = {
  name: 'qbe',
  version: 1,
  summary: 'query by example: find documents that contain a spoken query (pairs: query, document, target)',
  title: 'query by example',
  columns: [],
  pairs: { first: 'query', second: 'document', columns: ['target'], splits: ['dev', 'test'] },
  splits: ['dev', 'test'],
  judges: { references: ['query', 'document', 'target'], predictions: ['score'] },
  metrics: [
    {
      name: 'mtwv',
      direction: 'higher',
      kind: 'statistic',
      unit: 'fraction',
      about:
        'Maximum term weighted value: 1 where every query is found without a false alarm, 0 where nothing is found; at the best threshold.',
    },
  ],
  headKind: 'subsequence-dtw',
  // s3prl lowers the level of all audio first (downstream/quesst14_dtw/dataset.py).
  settings: { superb: { gainDecibels: -3 } },
  head: () => ({ kind: 'subsequence-dtw', query: 'query' }),
  evaluate(rows) {
    const trials = rows.map(({ id, prediction, reference }) => ({
      query: reference.query ?? '',
      score: scoreOf(id, prediction.score),
      occurs: targetOf(id, reference.target),
    }));
    return { mtwv: termWeightedStatistic(trials, truthOf(rows)) };
  },
};

function scoreOf(id: string, text = ''): number {
  const score = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isNaN(score)) return score;
  throw new UserError(`invalid value for 'score' of '${id}': expected a number, got '${text}'`, {
    hint: 'Expected a number',
  });
}

function targetOf(id: string, target = ''): boolean {
  if (target === '1' || target === '0') return target === '1';
  throw new UserError(`invalid value for 'target' of '${id}': expected 0 or 1, got '${target}'`, {
    hint: '1 means that the query occurs in the document, 0 that it does not',
  });
}

/**
 * A ground truth of more queries and documents than were searched, where the file of pairs says so: `truth.occurrences` and
 * `truth.others` of each query, `truth.queries` in all (`prepare quesst14` writes them).
 */
function truthOf(rows: readonly JudgedRow[]): QueryTruth | undefined {
  const queries = rows[0]?.reference['truth.queries'] ?? '';
  if (queries === '') return undefined;
  const number = (id: string, reference: JudgedRow['reference'], name: string): number => {
    const text = reference[name] ?? '';
    if (/^\d+$/.test(text)) return Number(text);
    throw new UserError(`invalid value for '${name}' of '${id}': expected a whole number, got '${text}'`, {
      hint: 'Write a whole number',
    });
  };
  const counts = new Map(
    rows.map(({ id, reference }) => [
      reference.query ?? '',
      {
        occurrences: number(id, reference, 'truth.occurrences'),
        others: number(id, reference, 'truth.others'),
      },
    ]),
  );
  return { queries: number(rows[0]?.id ?? '', { queries }, 'queries'), counts };
}
