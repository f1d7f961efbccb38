/** @file What a strategy asked for, in the request that it is given. */
import type { MaskingNeed, MaskRequest } from '../../api/masking-strategy.js';

/** @throws Error when the caller gave none: a strategy that lists the need is always given it by training */
export function needed(request: MaskRequest, need: MaskingNeed): readonly Float32Array[] {
  const values = request[need];
  if (values === undefined) throw new Error(`the request has no ${need}`);
  return values;
}
