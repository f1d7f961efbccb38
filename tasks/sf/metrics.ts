/** @file Slot-type F1 and slot-value CER, as s3prl defines them (downstream/ctc/metric.py). */
import { alignUnits, editsOf, type RatioMetric, ratioOfSums, type Share } from '../../src/api/index.js';

/** A reference and what was predicted, each as a text with slots. */
export interface SlotPair {
  readonly reference: string;
  readonly hypothesis: string;
}

/** The values of each slot of a text, by its name. */
export function slotValues(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [, name = '', value = ''] of text.replace(/ +/g, ' ').matchAll(/B-(\S+) (.+?) E-\1/g))
    values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

/** The mean over utterances of the F1 of the slots' names: which there are, not how often, nor what they hold. */
export function slotTypeF1(pairs: readonly SlotPair[]): RatioMetric {
  const shares = pairs.map(({ reference, hypothesis }): Share => {
    const [wanted, found] = [slotValues(reference), slotValues(hypothesis)];
    const shared = [...wanted.keys()].filter((name) => found.has(name)).length;
    if (wanted.size === 0 && found.size === 0) return { numerator: 1, denominator: 1 };
    // 2PR / (P + R), of P = shared / found and R = shared / wanted.
    return { numerator: (2 * shared) / (wanted.size + found.size), denominator: 1 };
  });
  return { value: ratioOfSums(shares), shares };
}

/**
 * Edits over characters of the references' values. Each value meets the nearest one of its slot in the hypothesis, or the empty
 * text where there is none; what the hypothesis has besides costs nothing.
 */
export function slotValueCer(pairs: readonly SlotPair[]): RatioMetric {
  const shares = pairs.map(({ reference, hypothesis }): Share => {
    const found = slotValues(hypothesis);
    let [numerator, denominator] = [0, 0];
    for (const [name, values] of slotValues(reference)) {
      const candidates = (found.get(name) ?? ['']).map(withoutStrayTokens);
      for (const value of values) {
        numerator += Math.min(...candidates.map((candidate) => editsBetween(value, candidate)));
        denominator += [...value].length;
      }
    }
    return { numerator, denominator };
  });
  return { value: ratioOfSums(shares), shares };
}

const withoutStrayTokens = (value: string): string => value.replace(/B-(\S+) /g, '').replace(/ E-(\S+)/g, '');

const editsBetween = (reference: string, hypothesis: string): number =>
  editsOf(alignUnits([...reference], [...hypothesis]));
