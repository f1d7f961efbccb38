/** @file Which records are of one encoder: a name does not say it, so the hash of the weights is asked. */
import { distinctLabels } from './labels.js';
import type { ResultRecord } from './record.js';

/** The encoders of some records, each a row of a table. */
export interface EncoderRows {
  /** Equal for records of one encoder. */
  keyOf(record: OfEncoder): string;
  /** The encoder's name, with the start of its hash where another encoder has that name. */
  labelOf(record: OfEncoder): string;
}

type Encoder = ResultRecord['encoder'];

/** What a record of any kind says of its encoder, and the seed that an untrained one was made from. */
type OfEncoder = Pick<ResultRecord, 'encoder' | 'seed'>;

/**
 * An untrained encoder is made from its name and a seed: it has other weights with every seed, and is one encoder. Of all
 * others, other weights are another encoder, whatever their names and seeds are.
 */
const isMadeFromSeed = ({ spec }: Encoder): boolean => spec.startsWith('random:');

/** Whether two records name one encoder. */
export function isSameEncoder(a: Encoder, b: Encoder): boolean {
  return a.hash === b.hash || (isMadeFromSeed(a) && isMadeFromSeed(b) && a.name === b.name);
}

export function encoderRows(records: readonly OfEncoder[]): EncoderRows {
  const ambiguous = namesOfSeveralWeights(records);
  const keyOf = ({ encoder }: OfEncoder): string => {
    const byName = isMadeFromSeed(encoder) && !ambiguous.has(encoder.name);
    return JSON.stringify(byName ? [encoder.name] : [encoder.name, encoder.hash]);
  };
  const firsts = new Map<string, OfEncoder>();
  for (const record of records) if (!firsts.has(keyOf(record))) firsts.set(keyOf(record), record);
  const labels = distinctLabels(
    [...firsts.values()],
    [({ encoder }) => encoder.name, ({ encoder }) => shortHash(encoder)],
  );
  const labelOfKey = new Map([...firsts.keys()].map((key, i) => [key, labels[i] as string]));
  return { keyOf, labelOf: (record) => labelOfKey.get(keyOf(record)) ?? record.encoder.name };
}

/** As much of a hash as people are shown. */
export const shortHash = ({ hash }: Pick<Encoder, 'hash'>): string => hash.slice(0, 8);

/** Names made from seeds that go by several weights of one seed (of two versions of a plug-in): the seed is no reason. */
function namesOfSeveralWeights(records: readonly OfEncoder[]): ReadonlySet<string> {
  const hashes = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { encoder, seed } of records) {
    const key = JSON.stringify([encoder.name, seed]);
    if ((hashes.get(key) ?? encoder.hash) !== encoder.hash) ambiguous.add(encoder.name);
    hashes.set(key, encoder.hash);
  }
  return ambiguous;
}
