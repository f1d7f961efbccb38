/** @file Which recordings are for training and which are held out: by what is said, for all speakers alike. */

import { hashText } from '../../src/base/random.js';
import type { Split } from '../../src/data/corpora/splits.js';

export { type Split, splitOfText } from '../../src/data/corpora/splits.js';

/** Splits one class's members, so that every class has all three splits: 15 % dev, 25 % test, at least one each. */
export function splitMembers(members: readonly string[]): Map<string, Split> {
  const order = [...new Set(members)].sort((a, b) => hashText(a) - hashText(b) || (a < b ? -1 : 1));
  const test = Math.max(1, Math.round(order.length * 0.25));
  const dev = Math.max(1, Math.round(order.length * 0.15));
  return new Map(
    order.map((member, i) => [member, i < test ? 'test' : i < test + dev ? 'dev' : 'train'] as const),
  );
}
