/** @file A mask as the index tensors that remove and restore frames. */
import { float32, type HostTensor, int32 } from '../base/host-tensor.js';

/** Host side of `MaskTensors`; a type, so that it is a tree. */
export type HostMaskTensors = {
  readonly mask: HostTensor;
  readonly keptRows: HostTensor;
  readonly restoredRows: HostTensor;
  readonly keptPositions: HostTensor;
  readonly keptPadding: HostTensor;
};

/** The number of kept frames is rounded up to a multiple of this, so that few different shapes occur. */
export const keptStep = 16;

/**
 * Index tensors of a batch of masks.
 * @param masks a row an utterance, every row as many ones
 * @param step kept frames are filled up to a multiple of it; the rows added are hidden by `keptPadding`
 */
export function maskTensors(masks: readonly Uint8Array[], step = keptStep): HostMaskTensors {
  const batch = masks.length;
  const frames = masks[0]?.length ?? 0;
  const visible = masks.map((mask) => Array.from(mask.keys()).filter((t) => mask[t] === 0));
  const most = Math.max(...visible.map((row) => row.length));
  const kept = Math.min(Math.ceil(most / step) * step, Math.max(frames, most));
  const keptRows = new Int32Array(batch * kept);
  const keptPositions = new Float32Array(batch * kept);
  const keptPadding = new Float32Array(batch * kept).fill(1);
  const restoredRows = new Int32Array(batch * frames);
  for (const [b, row] of visible.entries()) {
    for (const [k, t] of row.entries()) {
      keptRows[b * kept + k] = b * frames + t;
      keptPositions[b * kept + k] = t;
      keptPadding[b * kept + k] = 0;
      restoredRows[b * frames + t] = b * kept + k;
    }
  }
  return {
    mask: float32(
      [batch, frames],
      masks.flatMap((mask) => Array.from(mask)),
    ),
    keptRows: int32([batch * kept], keptRows),
    restoredRows: int32([batch * frames], restoredRows),
    keptPositions: float32([batch, kept], keptPositions),
    keptPadding: float32([batch, kept], keptPadding),
  };
}
