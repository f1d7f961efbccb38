/** @file One page of a Parquet column: unpacked and decoded, never believing a number that its bytes cannot hold. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { CompressionCodec, Encoding, PageHeader } from 'hyparquet';
import { deltaBinaryUnpack, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import { compressors, decompressZstd } from 'hyparquet-compressors';
import type { ParquetColumn } from './layout.js';

export type ParquetValue = Uint8Array | number | bigint | boolean;

/** Values as they stand in a page, without nulls. */
type Packed = ArrayLike<ParquetValue>;

interface Reader {
  readonly view: DataView;
  offset: number;
}

const readerOf = (bytes: Uint8Array): Reader => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  offset: 0,
});

const left = ({ view, offset }: Reader): number => view.byteLength - offset;

/** Unpacks bytes. @throws Error when they do not come to `length` */
export function unpackPage(bytes: Uint8Array, length: number, codec: string): Uint8Array {
  if (codec === 'UNCOMPRESSED') return sized(bytes, length);
  if (length === 0) return new Uint8Array();
  switch (codec) {
    case 'SNAPPY': {
      // The unpacker takes the length from the bytes alone.
      const stated = readVarInt(readerOf(bytes)) >>> 0;
      if (stated !== length) throw new Error(`a page has ${stated} bytes, expected ${length}`);
      break;
    }
    case 'GZIP':
      return sized(gunzipSync(bytes, { maxOutputLength: length }), length);
    case 'BROTLI':
      return sized(brotliDecompressSync(bytes, { maxOutputLength: length }), length);
    case 'ZSTD':
      return sized(decompressZstd(bytes, new Uint8Array(length)), length);
  }
  const unpack = compressors[codec as CompressionCodec];
  if (unpack === undefined) throw new Error(`unsupported compression ${codec}`);
  return sized(unpack(bytes, length), length);
}

function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new Error(`a page has ${bytes.length} bytes, expected ${length}`);
}

/** What of a page's header says how many values there are, and how they stand. */
export interface PageShape {
  /** With nulls. */
  readonly rows: number;
  readonly encoding: Encoding;
}

/** @throws Error where it is no page of values */
export function shapeOf({ data_page_header: v1, data_page_header_v2: v2 }: PageHeader): PageShape {
  if (v2 !== undefined) return { rows: v2.num_values, encoding: v2.encoding };
  if (v1 !== undefined) return { rows: v1.num_values, encoding: v1.encoding };
  throw new Error('a page has no header for its values');
}

/**
 * The values of a page, null where there is none.
 * @throws Error for whatever its bytes do not hold
 */
export function decodePage(
  bytes: Uint8Array,
  header: PageHeader,
  column: ParquetColumn,
  codec: string,
  dictionary: Packed | undefined,
): (ParquetValue | null)[] {
  const { rows, encoding } = shapeOf(header);
  const { levels, reader } = opened(bytes, header, column, codec, rows);
  const present = levels === undefined ? rows : count(levels, column.optionalLevels);
  const packed = valuesOf(reader, present, encoding, column, dictionary);
  let at = 0;
  return Array.from({ length: rows }, (_, row) =>
    levels === undefined || levels[row] === column.optionalLevels ? (packed[at++] as ParquetValue) : null,
  );
}

/** The definition levels of a page, where it has any, and its values. */
function opened(
  bytes: Uint8Array,
  header: PageHeader,
  { optionalLevels }: ParquetColumn,
  codec: string,
  rows: number,
): { readonly levels: Uint32Array | undefined; readonly reader: Reader } {
  const width = 32 - Math.clz32(optionalLevels);
  const v2 = header.data_page_header_v2;
  if (v2 === undefined) {
    const reader = readerOf(unpackPage(bytes, header.uncompressed_page_size, codec));
    if (optionalLevels === 0) return { levels: undefined, reader };
    const length = reader.view.getUint32(reader.offset, true);
    reader.offset += 4;
    const levels = hybrid(within(reader, length), width, rows);
    reader.offset += length;
    return { levels, reader };
  }
  const before = v2.repetition_levels_byte_length + v2.definition_levels_byte_length;
  if (
    !(
      v2.repetition_levels_byte_length >= 0 &&
      v2.definition_levels_byte_length >= 0 &&
      before <= bytes.length
    )
  )
    throw new Error('a page is shorter than its levels');
  const levels = bytes.subarray(v2.repetition_levels_byte_length, before);
  const packed = bytes.subarray(before);
  const length = header.uncompressed_page_size - before;
  const values = v2.is_compressed === false ? packed : unpackPage(packed, length, codec);
  return {
    levels: optionalLevels === 0 ? undefined : hybrid(readerOf(levels), width, rows),
    reader: readerOf(values),
  };
}

function within(reader: Reader, length: number): Reader {
  if (length > left(reader)) throw new Error('a page is shorter than its levels');
  return {
    view: new DataView(reader.view.buffer, reader.view.byteOffset + reader.offset, length),
    offset: 0,
  };
}

function count(levels: Uint32Array, wanted: number): number {
  let found = 0;
  for (const level of levels) if (level === wanted) found++;
  return found;
}

/** The values of a dictionary page. */
export function decodeDictionary(
  bytes: Uint8Array,
  header: PageHeader,
  column: ParquetColumn,
  codec: string,
): Packed {
  const values = header.dictionary_page_header?.num_values ?? 0;
  const reader = readerOf(unpackPage(bytes, header.uncompressed_page_size, codec));
  return plain(reader, values, column);
}

function valuesOf(
  reader: Reader,
  present: number,
  encoding: Encoding,
  column: ParquetColumn,
  dictionary: Packed | undefined,
): Packed {
  if (present === 0) return [];
  switch (encoding) {
    case 'PLAIN':
      return plain(reader, present, column);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (dictionary === undefined) throw new Error('a page refers to a missing dictionary');
      const width = reader.view.getUint8(reader.offset++);
      const places = width === 0 ? new Uint32Array(present) : hybrid(reader, width, present);
      return Array.from(places, (place) => {
        const value = dictionary[place];
        if (value === undefined) throw new Error('a page refers beyond the end of its dictionary');
        return value;
      });
    }
    case 'RLE': {
      if (column.type !== 'BOOLEAN') break;
      reader.offset += 4;
      return Array.from(hybrid(reader, 1, present), (bit) => bit === 1);
    }
    case 'DELTA_BINARY_PACKED': {
      checkDelta(reader);
      const values = column.type === 'INT32' ? new Int32Array(present) : new BigInt64Array(present);
      deltaBinaryUnpack(reader, present, values);
      return values;
    }
    case 'DELTA_LENGTH_BYTE_ARRAY': {
      checkDelta(reader);
      const values = new Array<Uint8Array>(present);
      deltaLengthByteArray(reader, present, values);
      return values;
    }
  }
  throw new Error(`unsupported value encoding ${encoding}`);
}

/** Bytes that a value takes at least. */
const leastBytes: Readonly<Record<ParquetColumn['type'], number>> = {
  BOOLEAN: 1 / 8,
  INT32: 4,
  INT64: 8,
  INT96: 12,
  FLOAT: 4,
  DOUBLE: 8,
  BYTE_ARRAY: 4,
  FIXED_LEN_BYTE_ARRAY: 1,
};

function plain(reader: Reader, values: number, { type, width }: ParquetColumn): Packed {
  if (!(values >= 0 && values * leastBytes[type] <= left(reader)))
    throw new Error(`${values} values do not fit into a page`);
  return readPlain(reader, type, values, width) as Packed;
}

/** Blocks of a multiple of 128 values, miniblocks of a multiple of 32 (parquet-format, Encodings.md). */
function checkDelta({ view, offset }: Reader): void {
  const reader = { view, offset };
  const [block, minis] = [readVarInt(reader), readVarInt(reader)];
  const isFit = block > 0 && block <= 1 << 16 && minis > 0 && (block / minis) % 32 === 0;
  if (!isFit) throw new Error('a page with delta encoding has invalid blocks');
}

/** `values` numbers of `width` bits, in runs and packed eights (parquet-format, Encodings.md: RLE/bit-packing hybrid). */
export function hybrid(reader: Reader, width: number, values: number): Uint32Array {
  if (width > 32) throw new Error(`invalid bit width ${width}`);
  const output = new Uint32Array(values);
  const bytes = (width + 7) >> 3;
  for (let seen = 0; seen < values; ) {
    const header = readVarInt(reader) >>> 0;
    if ((header & 1) === 0) {
      let value = 0;
      for (let i = 0; i < bytes; i++) value += reader.view.getUint8(reader.offset++) * 2 ** (8 * i);
      const end = Math.min(values, seen + (header >>> 1));
      output.fill(value, seen, end);
      seen = end;
      continue;
    }
    const packed = Math.min((header >>> 1) * 8, values - seen);
    unpackBits(reader, width, output.subarray(seen, seen + packed));
    // Eights are whole, but for what the last one leaves out.
    reader.offset += Math.min((header >>> 1) * width, left(reader));
    seen += packed;
  }
  return output;
}

function unpackBits({ view, offset }: Reader, width: number, output: Uint32Array): void {
  for (let i = 0; i < output.length; i++) {
    let value = 0;
    for (let taken = 0, bit = i * width; taken < width; ) {
      const room = 8 - (bit & 7);
      const take = Math.min(room, width - taken);
      const part = (view.getUint8(offset + (bit >>> 3)) >>> (bit & 7)) & ((1 << take) - 1);
      value += part * 2 ** taken;
      taken += take;
      bit += take;
    }
    output[i] = value;
  }
}
