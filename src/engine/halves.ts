/** @file Half-precision outputs of programs that cannot round by themselves. */
import { floatsOf, type HostTensor } from '../base/host-tensor.js';
import { encodeHalves } from '../formats/half.js';

/** The halves nearest to float32 values; what is rounded already stays. */
export function halved(tensor: HostTensor): HostTensor {
  if (tensor.dtype === 'float16') return tensor;
  const data = new Uint16Array(tensor.data.length);
  encodeHalves(floatsOf(tensor), data);
  return { dtype: 'float16', shape: tensor.shape, data };
}
