/** @file Half-precision numbers (IEEE 754 binary16): how frame features are kept on disk; and bfloat16. */

const floatView = new Float32Array(1);
const bitsView = new Int32Array(floatView.buffer);

/** The largest finite half. */
export const largestHalf = 65504;

/** The bits of the half nearest to `x`, ties to even; beyond the largest half: infinity. */
export function halfBits(x: number): number {
  floatView[0] = x;
  const bits = bitsView[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const shifted = exponent - 112; // The half's exponent field, biased by 15 instead of 127.
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted <= 0) return shifted < -10 ? sign : sign | roundedShift(mantissa | 0x800000, 14 - shifted);
  // A mantissa that rounds up to 2 carries into the exponent, as it should.
  return sign | ((shifted << 10) + roundedShift(mantissa, 13));
}

/** value / 2^bits to the nearest integer, ties to even. */
function roundedShift(value: number, bits: number): number {
  const quotient = value >>> bits;
  const rest = value & ((1 << bits) - 1);
  const tie = 1 << (bits - 1);
  return rest > tie || (rest === tie && (quotient & 1) === 1) ? quotient + 1 : quotient;
}

/** Whether all halves are below the largest, so that what they were rounded from was within the range of halves, too. */
export function areBelowLargest(halves: Uint16Array): boolean {
  const { buffer, byteOffset, length } = halves;
  const pairs = byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 1) : new Int32Array();
  let carry = 0;
  // What is as large, NaN too, goes over into the bit of the sign. Two at a time, where they lie so.
  for (let i = 0; i < pairs.length; i++) carry |= ((pairs[i] as number) & 0x7fff7fff) + 0x04010401;
  for (let i = 2 * pairs.length; i < length; i++) carry |= ((halves[i] as number) & 0x7fff) + 0x0401;
  return (carry & 0x80008000) === 0;
}

/** The value of a half's bits. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

let table: Float32Array | undefined;

/** Writes the values of halves to `into`, from `offset` on. */
export function decodeHalves(halves: Uint16Array, into: Float32Array, offset = 0): void {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  for (let i = 0; i < halves.length; i++) into[offset + i] = table[halves[i] as number] as number;
}

/**
 * Writes the halves nearest to `values` to `into`, from `offset` on: `halfBits` of each, with the common case (a normal half) written out
 * for speed.
 * @returns whether all are within the range of halves
 */
export function encodeHalves(values: Float32Array, into: Uint16Array, offset = 0): boolean {
  let fits = true;
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const word = bits[i] as number;
    const exponent = (word >>> 23) & 0xff;
    if (exponent > 112 && exponent < 142) {
      const magnitude = (word & 0x7fffffff) - (112 << 23);
      // Adding just under half a unit, and the last kept bit, rounds to nearest with ties to even.
      into[offset + i] = ((word >>> 16) & 0x8000) | ((magnitude + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
    } else {
      const value = values[i] as number;
      into[offset + i] = halfBits(value);
      // Written so that a NaN is out of range, too.
      if (!(Math.abs(value) <= largestHalf)) fits = false;
    }
  }
  return fits;
}

/** The values of bfloat16 numbers: each is the upper half of a float32. */
export function bfloatsOf(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
