/** @file A tree of values and tensors as JSON with the tensors beside it, and back again: no number changes on the way. */
import type { HostTensor } from '../base/host-tensor.js';
import { isHostTensor } from '../engine/tree.js';

/** What JSON has no number for. */
const unusualNumbers = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

export interface StoredValues {
  /** JSON in which `{"$tensor": path}` and `{"$number": text}` stand for what JSON cannot hold. */
  readonly text: string;
  /** By path: the names on the way, joined by '/' (a '/' in a name is '~1' and a '~' is '~0', as in JSON pointers). */
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/** Takes a tree of plain values and host tensors apart; the order of names is kept. */
export function storeValues(tree: object): StoredValues {
  const tensors: Record<string, HostTensor> = {};
  const stored = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value === 'number') {
      const usual = Number.isFinite(value) && !Object.is(value, -0);
      return usual ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each, i) => stored(each, [...path, String(i)]));
    if (isHostTensor(value as HostTensor)) {
      const name = path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
      tensors[name] = value as HostTensor;
      return { $tensor: name };
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name.startsWith('$') ? `$${name}` : name,
        stored(each, [...path, name]),
      ]),
    );
  };
  return { text: JSON.stringify(stored(tree, [])), tensors };
}

/**
 * The tree that `storeValues` took apart.
 * @throws Error when a tensor is missing
 */
export function restoreValues({ text, tensors }: StoredValues): unknown {
  const restored = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(restored);
    const { $tensor, $number } = value as { readonly $tensor?: unknown; readonly $number?: unknown };
    if (typeof $number === 'string') return unusualNumbers.get($number);
    if (typeof $tensor === 'string') {
      if (!Object.hasOwn(tensors, $tensor)) throw new Error(`the tensor ${$tensor} is missing`);
      return tensors[$tensor];
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name.startsWith('$') ? name.slice(1) : name,
        restored(each),
      ]),
    );
  };
  return restored(JSON.parse(text));
}
