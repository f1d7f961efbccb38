/** @file Records as states of someone's work: a results folder each, in the order of time. */
import { basename, dirname } from 'node:path';
import { groupBy } from '../labels.js';
import type { StoredRecord } from '../record.js';

/** The results of one moment: a folder that `ehmam run --out` wrote. */
export interface State {
  /** For people: the start of a commit, a label, or the folder's name. */
  readonly label: string;
  readonly folder: string;
  /** As the records have it: the newest one's, where they differ. */
  readonly revision?: string;
  /** Of the newest record. */
  readonly createdAt: string;
  readonly records: readonly StoredRecord[];
}

export const stateOrders = ['time', 'given'] as const;
export type StateOrder = (typeof stateOrders)[number];

/** @param order by the time of the newest record, or as the records come */
export function statesOf(records: readonly StoredRecord[], order: StateOrder): State[] {
  const groups = [...groupBy(records, ({ path }) => resultsFolder(path))];
  const states = groups.map(([folder, group]) => {
    const newest = group.reduce((a, b) => (b.record.createdAt > a.record.createdAt ? b : a));
    const { revision, createdAt } = newest.record;
    return { folder, createdAt, records: group, ...(revision !== undefined && { revision }) };
  });
  if (order === 'time') states.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  const labels = states.map(({ folder, revision }) => shortRevision(revision) ?? basename(folder));
  return states.map((state, i) => {
    const label = labels[i] as string;
    const alike = labels.filter((other) => other === label).length > 1;
    return {
      label: alike ? `${label} (${state.createdAt.slice(0, 16).replace('T', ' ')})` : label,
      ...state,
    };
  });
}

/** `<folder>` of `<folder>/<encoder>/<task>/record.json`, whatever seed's folder is between. */
function resultsFolder(path: string): string {
  const folder = dirname(dirname(dirname(path)));
  return /^seed-\d+$/.test(basename(folder)) ? dirname(folder) : folder;
}

/** A commit as people are shown it; any other text as it is. */
function shortRevision(revision: string | undefined): string | undefined {
  return revision !== undefined && /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 8) : revision;
}
