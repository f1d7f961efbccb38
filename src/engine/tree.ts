/** @file Named trees: the shape in which programs take their inputs and give their outputs. */
import type { Tensor } from '@tensorflow/tfjs';

export type DataType = 'float32' | 'int32' | 'bool';

/** A tensor in host memory, row-major. `bool` is held as 0/1 in a Uint8Array. */
export interface HostTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Leaves under names, nested as deep as wanted. */
export type Tree<Leaf> = { readonly [name: string]: Leaf | Tree<Leaf> };

/** The same tree with host tensors for its leaves. */
export type ToHost<T> = T extends Tensor ? HostTensor : { readonly [K in keyof T]: ToHost<T[K]> };

/** Named parameters (names and layouts as in PyTorch: a linear weight is [out, in]). */
export type Parameters = Readonly<Record<string, Tensor>>;
export type HostParameters = Readonly<Record<string, HostTensor>>;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** A float32 host tensor; `data` defaults to zeros. */
export function float32(shape: readonly number[], data?: ArrayLike<number>): HostTensor {
  if (data === undefined) return { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)) };
  return checked({
    dtype: 'float32',
    shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  });
}

export function int32(shape: readonly number[], data: ArrayLike<number>): HostTensor {
  return checked({ dtype: 'int32', shape, data: data instanceof Int32Array ? data : Int32Array.from(data) });
}

/** A float32 tensor of rank 0. */
export function scalar(value: number): HostTensor {
  return float32([], [value]);
}

function checked(tensor: HostTensor): HostTensor {
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new Error(`${tensor.data.length} values do not fill the shape [${tensor.shape.join(', ')}]`);
  }
  return tensor;
}

/** The float32 values of a leaf; an error if it holds something else. */
export function floatsOf(tensor: HostTensor): Float32Array {
  if (!(tensor.data instanceof Float32Array)) throw new Error(`expected float32, got ${tensor.dtype}`);
  return tensor.data;
}

/** Leaves with their paths (names joined by '/'), in insertion order. */
export function flatten<Leaf>(
  tree: Tree<Leaf>,
  isLeaf: (node: Leaf | Tree<Leaf>) => node is Leaf,
): [string, Leaf][] {
  return Object.entries(tree).flatMap(([name, node]): [string, Leaf][] =>
    isLeaf(node)
      ? [[name, node]]
      : flatten(node, isLeaf).map(([path, leaf]): [string, Leaf] => [`${name}/${path}`, leaf]),
  );
}

/** The same tree with every leaf replaced. */
export function mapLeaves<From, To>(
  tree: Tree<From>,
  isLeaf: (node: From | Tree<From>) => node is From,
  change: (leaf: From, path: string) => To,
  prefix = '',
): Tree<To> {
  return Object.fromEntries(
    Object.entries(tree).map(([name, node]) => [
      name,
      isLeaf(node) ? change(node, prefix + name) : mapLeaves(node, isLeaf, change, `${prefix}${name}/`),
    ]),
  );
}

export function isHostTensor(node: HostTensor | Tree<HostTensor>): node is HostTensor {
  const { dtype, shape } = node as { dtype?: unknown; shape?: unknown };
  return typeof dtype === 'string' && Array.isArray(shape);
}

/** Paths joined by '/' back into a tree. */
export function nest(leaves: readonly (readonly [string, HostTensor])[]): Tree<HostTensor> {
  type Branch = { [name: string]: HostTensor | Branch };
  const root: Branch = {};
  for (const [path, leaf] of leaves) {
    const names = path.split('/');
    let branch = root;
    for (const name of names.slice(0, -1)) {
      branch[name] ??= {};
      branch = branch[name] as Branch;
    }
    branch[names.at(-1) as string] = leaf;
  }
  return root;
}
