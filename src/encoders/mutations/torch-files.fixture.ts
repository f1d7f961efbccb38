/** @file Changes of torch's files: hostile pickles, wild numbers, entries that are renamed, cut, repeated, gone. */
import type { RandomStream } from '../../base/random.js';
import { type Change, deep, flipBits, pathTricks, pick, truncate } from './bytes.fixture.js';
import { storedZip, zipEntries } from './stored-zip.fixture.js';

/** Pickles that a checkpoint's reader must survive: nesting, endless memos, absurd tensors. */
function hostilePickle(random: RandomStream): Buffer {
  const depth = deep(random);
  return Buffer.from(
    pick(random, [
      () => `\x80\x02${']'.repeat(depth)}${'a'.repeat(depth - 1)}.`,
      () => `\x80\x02${'('.repeat(depth)}${'t'.repeat(depth)}.`,
      () => `\x80\x02${'}X\x01\x00\x00\x00a'.repeat(depth)}${'s'.repeat(depth - 1)}.`,
      () => `\x80\x02]${'2a'.repeat(depth)}.`,
      () => `\x80\x02X\xff\xff\xff\x7fabc.`,
      () => `\x80\x02\x8b\xff\xff\xff\x7f.`,
      () => `\x80\x02\x8a\xff${'\x7f'.repeat(255)}.`,
      () => `\x80\x02]q\x00h\x00a.`,
      () => `\x80\x02}r\xff\xff\xff\xffX\x05\x00\x00\x00modelj\xff\xff\xff\xffs.`,
      () => '\x80\x02cos\nsystem\nX\x04\x00\x00\x00exit\x85R.',
      () => '\x80\x02c__builtin__\neval\nX\x04\x00\x00\x001+1.\x85R.',
      () => '\x80\x02cconstructor\nprototype\n)\x81.',
      () => '\x80\x02}X\x09\x00\x00\x00__proto__}X\x01\x00\x00\x00aK\x01sb.',
      () => '\x80\x02ccollections\nOrderedDict\n]]K\x01ae\x85R.',
      () => '\x80\x05\x95\xff\xff\xff\xff\xff\xff\xff\x7f}.',
      () => '',
    ])(),
    'latin1',
  );
}

/** A pickle with an integer made wild where it stands: shapes, strides, offsets, lengths of storages. */
const pickleNumbers: Change = (bytes, random) => {
  const changed = Buffer.from(bytes);
  const places: number[] = [];
  for (let at = 0; at + 5 < changed.length; at++)
    if ('KMJ'.includes(String.fromCharCode(changed[at] as number))) places.push(at);
  for (let i = random.integer(4); i >= 0; i--) {
    const at = pick(random, places);
    const code = String.fromCharCode(changed[at] as number);
    if (code === 'K') changed.writeUInt8(pick(random, [0, 1, 255]), at + 1);
    else if (code === 'M') changed.writeUInt16LE(pick(random, [0, 1, 65_535]), at + 1);
    else changed.writeInt32LE(pick(random, [0, -1, 2 ** 31 - 1, -(2 ** 31)]), at + 1);
  }
  return changed;
};

/** torch's zip file with its entries changed. */
export const zipContents: Change = (bytes, random) => {
  const entries = zipEntries(bytes);
  const at = random.integer(entries.length);
  const entry = entries[at] as (typeof entries)[number];
  const replaced = (index: number, change: Partial<typeof entry>) =>
    entries.map((each, i) => (i === index ? { ...each, ...change } : each));
  const pickle = entries.findIndex(({ name }) => name.endsWith('data.pkl'));
  const held = entries[pickle]?.data ?? new Uint8Array();
  switch (random.integer(7)) {
    case 0:
      return storedZip(replaced(at, { name: pick(random, pathTricks) }));
    case 1:
      return storedZip(replaced(at, { data: truncate(entry.data, random) }));
    case 2:
      return storedZip(replaced(pickle, { data: hostilePickle(random) }));
    case 3:
      return storedZip(replaced(pickle, { data: pickleNumbers(held, random) }));
    case 4:
      return storedZip(replaced(pickle, { data: flipBits(held, random) }));
    case 5:
      return storedZip([...entries, ...Array(random.integer(2000)).fill(entry)]);
    default:
      return storedZip(entries.filter((_, i) => i !== at));
  }
};

/** A legacy torch file whose object is replaced; `byteLength` of what stands before it is torch's own. */
export const legacyContents: Change = (bytes, random) => {
  const text = Buffer.from(bytes).toString('latin1');
  // Magic number, version, system: three pickles, each ending in a full stop; the third one says little_endian.
  const third = text.indexOf('.', text.indexOf('little_endian')) + 1;
  const head = bytes.slice(0, third);
  return random.integer(2) === 0
    ? Buffer.concat([head, hostilePickle(random), bytes.slice(third)])
    : Buffer.concat([
        head,
        pickleNumbers(bytes.slice(third, third + 60_000), random),
        bytes.slice(third + 60_000),
      ]);
};
