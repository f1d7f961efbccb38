/** @file Changes of toolkits' files: lines, fields and numbers of texts, headers of tar files, footers and pages of Parquet. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RandomStream } from '../../../../base/random.js';
import {
  type Change,
  deep,
  duplicate,
  flipBits,
  flipHead,
  inflate,
  overwrite,
  pathTricks,
  pick,
  truncate,
  wildNumbers,
} from '../../../../encoders/mutations/bytes.fixture.js';
import { jsonDepth, jsonValue } from '../../../../encoders/mutations/headers.fixture.js';

const anyFile: readonly Change[] = [truncate, flipBits, flipHead, overwrite, inflate, duplicate];

/** What may be done to a file, by what it is. */
export function changesOf(name: string): readonly Change[] {
  if (name.endsWith('.parquet')) return [...anyFile, ...Array(8).fill(footer), ...Array(6).fill(pageHead)];
  if (name.endsWith('.tar')) return [...anyFile, ...Array(8).fill(tarHeader)];
  if (name.endsWith('.tar.gz')) return [...anyFile, ...Array(8).fill(inside(tarHeader))];
  if (name.endsWith('.jsonl')) return [...anyFile, ...Array(8).fill(jsonLine), deepLine, oddLine];
  if (name.endsWith('.gz')) return [...anyFile, ...Array(6).fill(inside(jsonLine)), inside(deepLine)];
  return [...anyFile, ...Array(8).fill(field), oddLine];
}

/** A line of JSON with one value changed. */
const jsonLine: Change = (bytes, random) => changedLine(bytes, random, jsonValue);
const deepLine: Change = (bytes, random) => changedLine(bytes, random, jsonDepth);

function changedLine(bytes: Uint8Array, random: RandomStream, change: Change): Uint8Array {
  const lines = Buffer.from(bytes).toString().split('\n');
  const at = random.integer(lines.length - 1);
  lines[at] = Buffer.from(change(Buffer.from(lines[at] as string), random)).toString();
  return Buffer.from(lines.join('\n'));
}

const inside =
  (change: Change): Change =>
  (bytes, random) =>
    gzipSync(change(gunzipSync(bytes), random));

/** One word of a line in another's place, or a number, path or command that is none. */
const field: Change = (bytes, random) => {
  const lines = Buffer.from(bytes).toString().split('\n');
  const at = random.integer(lines.length - 1);
  const words = (lines[at] as string).split(' ');
  const place = random.integer(words.length);
  words[place] = pick<() => string>(random, [
    () => String(pick(random, wildNumbers)),
    () => pick(random, pathTricks),
    () => 'x'.repeat(100_000),
    () => '-1e-320',
    () => 'NaN',
    () => 'rm -rf / |',
    () => '',
    () => '\u2028\u0000\ufeff',
    () => pick(random, words),
    () => '.',
  ])();
  lines[at] = words.join(' ');
  return Buffer.from(lines.join('\n'));
};

/** Lines that are no lines. */
const oddLine: Change = (bytes, random) => {
  const odd = pick(random, [
    '\0',
    '\r\r\n',
    '\n'.repeat(5000),
    ' '.repeat(100_000),
    '\ufeff',
    '[]',
    'x'.repeat(deep(random)),
  ]);
  const at = random.integer(bytes.length);
  return Buffer.concat([bytes.slice(0, at), Buffer.from(odd), bytes.slice(at)]);
};

/** A header of a tar file with a field changed and its checksum right. */
const tarHeader: Change = (bytes, random) => {
  const changed = Buffer.from(bytes);
  const headers = Array.from({ length: Math.floor(changed.length / 512) }, (_, i) => i * 512).filter(
    (at) => changed.toString('latin1', at + 257, at + 262) === 'ustar',
  );
  const at = pick(random, headers);
  switch (random.integer(5)) {
    case 0:
      changed.write(`${pick(random, pathTricks)}\0`, at, 'latin1');
      break;
    case 1:
      changed.write(
        pick(random, ['77777777777\0', '00000000000\0', '-0000000001\0', 'x', '00000000777 ']),
        at + 124,
        'latin1',
      );
      break;
    case 2:
      changed.write(
        pick(random, ['1', '2', '3', '5', '6', 'x', 'g', 'L', 'K', 'S', 'Z', '\0']),
        at + 156,
        'latin1',
      );
      break;
    case 3:
      changed[at + 124] = 0x80;
      changed.writeBigUInt64BE(pick(random, [2n ** 63n, 2n ** 53n, 512n, 2n ** 64n - 1n]), at + 128);
      break;
    default:
      changed.write('prefix/../'.repeat(15), at + 345, 'latin1');
  }
  changed.write('        ', at + 148, 'latin1');
  const sum = changed.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  return changed;
};

/** Bits and numbers of a Parquet file's footer. */
const footer: Change = (bytes, random) => {
  const changed = Buffer.from(bytes);
  const length = changed.readUInt32LE(changed.length - 8);
  const start = changed.length - 8 - length;
  if (random.integer(8) === 0)
    changed.writeUInt32LE(
      pick(random, [0, 1, length - 1, length + 4, 2 ** 31, 2 ** 32 - 1]),
      changed.length - 8,
    );
  else for (let i = random.integer(3); i >= 0; i--) wildByte(changed, start + random.integer(length), random);
  return changed;
};

/** Bits and numbers where pages begin: right behind the first bytes, and at what looks like a header. */
const pageHead: Change = (bytes, random) => {
  const changed = Buffer.from(bytes);
  // A struct that begins with the field 1, an i32: the type of the page.
  const heads: number[] = [];
  for (let at = 4; at + 16 < changed.length; at++)
    if (changed[at] === 0x15 && [0, 4, 6].includes(changed[at + 1] as number) && changed[at + 2] === 0x15)
      heads.push(at);
  const head = heads.length === 0 ? 4 : pick(random, heads);
  for (let i = random.integer(3); i >= 0; i--) wildByte(changed, head + random.integer(40), random);
  return changed;
};

/** Bytes that end, begin or blow up a number of any length. */
function wildByte(bytes: Buffer, at: number, random: RandomStream): void {
  if (at >= bytes.length) return;
  bytes[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, 0xfe, (bytes[at] as number) ^ (1 << random.integer(8))]);
  if (random.integer(3) === 0) bytes.fill(0xff, at, Math.min(bytes.length, at + 4));
}
