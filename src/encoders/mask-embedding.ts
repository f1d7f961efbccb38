/** @file What stands in place of masked frames while a network is trained: wav2vec 2.0 and its kin learn it. */
import { UserError } from '../base/errors.js';
import type { HostTensor } from '../base/host-tensor.js';
import type { ConfiguredFamily } from './configured.js';

/** transformers' name of it, which folders of ours have too. */
export const maskName = 'masked_spec_embed';

/**
 * The embedding, if it fits the encoder.
 * @throws UserError for another shape than [width]
 */
export function checkedMask(
  mask: HostTensor | undefined,
  { encoder: { dims } }: ConfiguredFamily,
  name: string,
  file: string,
): HostTensor {
  if (mask?.dtype === 'float32' && mask.shape.join() === String(dims[0])) return mask;
  throw new UserError(
    `${name} is ${mask?.dtype} [${mask?.shape.join(', ')}], expected float32 [${dims[0]}]`,
    {
      file,
    },
  );
}
