/** @file Named trees: the shape in which programs take their inputs and give their outputs. */
import type { HostTensor } from '../base/host-tensor.js';
import type { EngineTensor } from './device/tensor.js';
import type { Tensor } from './ops.js';

/** Leaves under names, nested as deep as wanted. */
export type Tree<Leaf> = { readonly [name: string]: Leaf | Tree<Leaf> };

/** The same tree with host tensors for its leaves. */
export type ToHost<T> = T extends Tensor ? HostTensor : { readonly [K in keyof T]: ToHost<T[K]> };

/** Named parameters (names and layouts as in PyTorch: a linear weight is [out, in]). */
export type Parameters = Readonly<Record<string, Tensor>>;

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

/** The same of tensors wherever an engine has them. */
export const isLeaf = (node: EngineTensor | Tree<EngineTensor>): node is EngineTensor =>
  isHostTensor(node as HostTensor | Tree<HostTensor>);

/** Paths joined by '/' back into a tree. */
export function nest<T extends EngineTensor>(leaves: readonly (readonly [string, T])[]): Tree<T> {
  type Branch = { [name: string]: T | Branch };
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
