/** @file What a program is given to run on: checked before it runs, so that an error names the input. */

import { arrayTypes, type DataType, sizeOf } from '../base/host-tensor.js';
import { type EngineTensor, isOnDevice } from './device/tensor.js';
import type { ProgramOptions } from './engine.js';
import { isLeaf, type Tree } from './tree.js';

export interface InputCheck {
  /**
   * The leaves with their paths.
   * @throws Error naming the program and the input that is no tensor, missing, unknown or of another type
   */
  leavesOf(inputs: Tree<EngineTensor>): [string, EngineTensor][];
  /** From now on, a program's inputs are these: names and types stay, shapes may change. */
  expect(leaves: readonly (readonly [string, EngineTensor])[]): void;
}

export function inputCheck(name: string): InputCheck {
  let expected: ReadonlyMap<string, DataType> | undefined;
  const fail = (what: string): never => {
    throw new Error(`${name} cannot run: ${what}`);
  };

  const collect = (tree: Tree<EngineTensor>, prefix: string): [string, EngineTensor][] =>
    Object.entries(tree).flatMap(([key, node]): [string, EngineTensor][] => {
      const path = prefix + key;
      if (typeof node !== 'object' || node === null) return fail(`the input ${path} is ${node}`);
      if (!isLeaf(node)) return collect(node, `${path}/`);
      if (isOnDevice(node)) return [[path, node]];
      const array: (typeof arrayTypes)[DataType] | undefined = arrayTypes[node.dtype];
      if (array === undefined || !(node.data instanceof array))
        return fail(`the values of the input ${path} do not match its type ${node.dtype}`);
      if (node.data.length !== sizeOf(node.shape))
        return fail(
          `the input ${path} has ${node.data.length} values, but its shape is [${node.shape.join(', ')}]`,
        );
      return [[path, node]];
    });

  return {
    leavesOf: (inputs) => {
      const leaves = collect(inputs, '');
      if (expected === undefined) return leaves;
      const given = new Set(leaves.map(([path]) => path));
      for (const path of expected.keys()) if (!given.has(path)) fail(`the input ${path} is missing`);
      for (const [path, { dtype }] of leaves) {
        const type = expected.get(path) ?? fail(`unexpected input ${path}`);
        if (type !== dtype) fail(`the input ${path} has type ${dtype}, expected ${type}`);
      }
      return leaves;
    },
    expect: (leaves) => {
      expected ??= new Map(leaves.map(([path, { dtype }]) => [path, dtype]));
    },
  };
}

/** Names and shapes of a program's inputs; a free axis may have any length. */
export function signatureOf(
  leaves: readonly (readonly [string, EngineTensor])[],
  dynamicAxes: NonNullable<ProgramOptions['dynamicAxes']> = {},
): string {
  return leaves
    .map(([path, { dtype, shape }]) => {
      const sizes = shape.map((dim, axis) => (dynamicAxes[path] === axis ? '?' : dim));
      return `${path}:${dtype}[${sizes.join()}]`;
    })
    .join(' ');
}
