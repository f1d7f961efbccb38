/** @file NumPy's `.npy` files: one array of float32, written. */

import { writeFileAtomic } from '../base/files.js';
import { floatsOf, type HostTensor } from '../base/host-tensor.js';

/** The array's bytes start at a multiple of this. */
const alignment = 64;
/** Digits that the first dimension could grow to in place. */
const growthDigits = 21;

/**
 * An array as `numpy.save` writes it: version 1.0, little-endian float32, rows one after the other
 * (numpy/lib/format.py).
 */
export function encodeNpy(tensor: HostTensor): readonly Uint8Array[] {
  const { shape } = tensor;
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const room = shape.length === 0 ? '' : ' '.repeat(growthDigits - String(shape[0]).length);
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }${room}`;
  // Magic string, version, length: 10 bytes; the text ends on a line feed.
  const bytes = Math.ceil((10 + text.length + 1) / alignment) * alignment;
  const head = Buffer.alloc(bytes, ' ');
  head.write('\x93NUMPY\x01\0', 'latin1');
  head.writeUInt16LE(bytes - 10, 8);
  head.write(text, 10, 'latin1');
  head.write('\n', bytes - 1, 'latin1');
  const values = floatsOf(tensor);
  return [head, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}

/** Writes `encodeNpy`'s file in one step. @throws UserError (exit code 1) if it cannot be written */
export async function writeNpy(file: string, tensor: HostTensor): Promise<void> {
  await writeFileAtomic(file, encodeNpy(tensor));
}
