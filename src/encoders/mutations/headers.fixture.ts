/** @file Changes of JSON: in headers of safetensors files, in settings and indices. */
import { type Change, deep, pathTricks, pick, wildNumbers } from './bytes.fixture.js';

/** The header of a safetensors file with one thing changed, its length right or wrong. */
export const safetensorsHeader: Change = (bytes, random) => {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.slice(8, 8 + length)).toString());
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  const name = pick(random, names);
  const entry = header[name];
  let text: string | undefined;
  switch (random.integer(8)) {
    case 0:
      entry.shape = [pick(random, wildNumbers), pick(random, wildNumbers)];
      break;
    case 1:
      entry.data_offsets = [pick(random, wildNumbers), pick(random, wildNumbers)];
      break;
    case 2:
      entry.dtype = pick(random, ['F64', 'F8_E5M2', 'I64', 'BOOL', 'F16', '', '__proto__', 7]);
      break;
    case 3:
      header[pick(random, [...pathTricks, '__proto__', 'constructor'])] = entry;
      break;
    case 4:
      entry.shape = Array(deep(random)).fill(1);
      break;
    case 5:
      text = JSON.stringify(header).replace('{', `{"x":${'['.repeat(deep(random))}`);
      break;
    case 6:
      delete header[name];
      break;
    default:
      header.__metadata__ = pick<unknown>(random, [
        7,
        { a: 7 },
        'x'.repeat(100_000),
        null,
        { __proto__: 'x' },
      ]);
  }
  const json = Buffer.from(text ?? JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(
    random.integer(8) === 0 ? pick(random, [0n, 2n ** 40n, 2n ** 64n - 1n]) : BigInt(json.length),
  );
  return Buffer.concat([prefix, json, bytes.slice(8 + length)]);
};

/** A JSON file with one value changed, at any depth. */
export const jsonValue: Change = (bytes, random) => {
  const root = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  let node = root;
  let key = pick(random, Object.keys(node));
  while (typeof node[key] === 'object' && node[key] !== null && random.integer(4) > 0) {
    const inner = node[key] as Record<string, unknown>;
    if (Object.keys(inner).length === 0) break;
    node = inner;
    key = pick(random, Object.keys(node));
  }
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  node[key] = pick<() => unknown>(random, [
    () => pick(random, wildNumbers),
    () => pick(random, wildNumbers),
    () => pick(random, pathTricks),
    () => null,
    () => [],
    () => ({}),
    () => 'x'.repeat(100_000),
    () => Array(10_000).fill(512),
    () => nested(500),
    () => true,
  ])();
  if (random.integer(16) === 0) delete node[key];
  return Buffer.from(JSON.stringify(root));
};

export const jsonDepth: Change = (bytes, random) => {
  const open = pick(random, ['[', '{"a":']).repeat(deep(random));
  return Buffer.from(Buffer.from(bytes).toString().replace(':', `:${open}`));
};
