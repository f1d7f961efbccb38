/** @file Checks the masks that a strategy gives, so that a plug-in's fault is named where it happens. */

import type { MaskingStrategy, MaskRequest } from '../../api/masking-strategy.js';
import { messageOf, UserError } from '../../base/errors.js';
import { countMasked } from './spans.js';

/**
 * The strategy's masks for a request.
 * @throws UserError (exit code 1) naming the strategy when it throws, when its rows have a wrong number or length, hold
 *   other values than 0 and 1, mask frames behind an utterance's end, mask unequally many, none or all
 */
export function choosing(strategy: MaskingStrategy, request: MaskRequest): readonly Uint8Array[] {
  let masks: readonly Uint8Array[];
  try {
    masks = strategy.choose(request);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the masking strategy '${strategy.name}' failed: ${messageOf(error)}`, {
      exitCode: 1,
      cause: error,
    });
  }
  const fault = faultOf(masks, request.lengths);
  if (fault === undefined) return masks;
  throw new UserError(`the masking strategy '${strategy.name}' returned an invalid mask: ${fault}`, {
    exitCode: 1,
    hint: 'Expected one Uint8Array per utterance, with a 1 for every masked frame, and the same number of masked frames in all',
  });
}

function faultOf(masks: unknown, lengths: readonly number[]): string | undefined {
  if (!Array.isArray(masks)) return 'it is not an array';
  if (masks.length !== lengths.length) return `${masks.length} rows for ${lengths.length} utterances`;
  const longest = Math.max(...lengths);
  const rows: readonly unknown[] = masks;
  let expected: number | undefined;
  for (const [row, mask] of rows.entries()) {
    if (!(mask instanceof Uint8Array)) return `row ${row} is not a Uint8Array`;
    if (mask.length !== longest) return `row ${row} has ${mask.length} frames, expected ${longest}`;
    const length = lengths[row] as number;
    if (mask.some((bit) => bit > 1)) return `row ${row} has values other than 0 and 1`;
    if (mask.subarray(length).some((bit) => bit === 1))
      return `row ${row} masks frames beyond its end (${length} frames)`;
    const count = countMasked(mask);
    if (count === 0) return `row ${row} masks no frame`;
    if (count >= length) return `row ${row} masks all of its ${length} frames`;
    expected ??= count;
    if (count !== expected) return `row ${row} masks ${count} frames, but row 0 masks ${expected}`;
  }
  return undefined;
}
