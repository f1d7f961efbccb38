/** @file Bits of a FLAC stream, most significant first, and its two checksums (RFC 9639). */

/** A place in bytes, counted in bits. At least `padding` bytes must follow the last that is meant to be read. */
export interface Bits {
  readonly view: DataView;
  position: number;
}

export const padding = 8;

/** Up to 25 bits as an unsigned number. */
export function readBits(bits: Bits, count: number): number {
  if (count === 0) return 0;
  const { view, position } = bits;
  checkPlace(bits);
  bits.position = position + count;
  return (view.getInt32(position >>> 3) << (position & 7)) >>> (32 - count);
}

/** Up to 32 bits as a signed number. */
export function readSigned(bits: Bits, count: number): number {
  if (count === 0) return 0;
  if (count <= 25) {
    const shift = 32 - count;
    return (readBits(bits, count) << shift) >> shift;
  }
  const high = readSigned(bits, count - 16);
  return (high << 16) | readBits(bits, 16);
}

/** How many zeros stand before the next one, which is passed too. */
export function readUnary(bits: Bits): number {
  for (let zeros = 0; ; ) {
    checkPlace(bits);
    const { view, position } = bits;
    const found = Math.clz32(view.getInt32(position >>> 3) << (position & 7));
    if (found < 25) {
      bits.position = position + found + 1;
      return zeros + found;
    }
    zeros += 25;
    bits.position = position + 25;
  }
}

/**
 * Residuals of one Rice partition, the innermost loop of decoding: most codes lie in the 25 bits that one read gives.
 * @param count how many to write to `output` from `from` on
 */
export function readRice(
  bits: Bits,
  parameter: number,
  output: Int32Array,
  from: number,
  count: number,
): void {
  const { view } = bits;
  const last = view.byteLength - padding;
  let { position } = bits;
  for (let i = from; i < from + count; i++) {
    const byte = position >>> 3;
    if (byte > last) throw new Error('it ends within a frame');
    const window = view.getInt32(byte) << (position & 7);
    const zeros = Math.clz32(window);
    let folded: number;
    if (zeros + parameter < 25) {
      folded = (zeros << parameter) | (((window << zeros) & 0x7fffffff) >>> (31 - parameter));
      position += zeros + 1 + parameter;
    } else {
      bits.position = position;
      const high = readUnary(bits);
      folded =
        parameter > 25 ? readWide(bits, high, parameter) : (high << parameter) | readBits(bits, parameter);
      position = bits.position;
    }
    output[i] = (folded >>> 1) ^ -(folded & 1);
  }
  bits.position = position;
}

function readWide(bits: Bits, high: number, parameter: number): number {
  const middle = readBits(bits, parameter - 16);
  return (high << parameter) | (middle << 16) | readBits(bits, 16);
}

function checkPlace({ view, position }: Bits): void {
  if (position >>> 3 > view.byteLength - padding) throw new Error('it ends within a frame');
}

function checksumTable(polynomial: number, width: number): Uint16Array {
  const top = 1 << (width - 1);
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) sum = sum & top ? (sum << 1) ^ polynomial : sum << 1;
    return sum & (2 * top - 1);
  });
}

const table8 = checksumTable(0x07, 8);
const table16 = checksumTable(0x8005, 16);

/** CRC-8 of a frame's header. */
export function crc8(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum = table8[sum ^ (bytes[i] as number)] as number;
  return sum;
}

/** Remainders of a byte with one, two and three bytes of zeros behind it. */
const [after1, after2, after3] = [1, 2, 3].map((zeros) => {
  const bytes = new Uint8Array(zeros + 1);
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    bytes[0] = byte;
    return crc16Bytewise(bytes, 0, bytes.length, 0);
  });
}) as [Uint16Array, Uint16Array, Uint16Array];

/** CRC-16 of a whole frame, four bytes at a time. */
export function crc16(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    sum =
      (after3[(sum >> 8) ^ (bytes[i] as number)] as number) ^
      (after2[(sum & 255) ^ (bytes[i + 1] as number)] as number) ^
      (after1[bytes[i + 2] as number] as number) ^
      (table16[bytes[i + 3] as number] as number);
  }
  return crc16Bytewise(bytes, i, to, sum);
}

function crc16Bytewise(bytes: Uint8Array, from: number, to: number, start: number): number {
  let sum = start;
  for (let i = from; i < to; i++) {
    sum = ((sum << 8) & 0xffff) ^ (table16[(sum >> 8) ^ (bytes[i] as number)] as number);
  }
  return sum;
}
