/** @file What an ONNX model that we write calls things. */

/** A node, as far as its name depends on it. */
interface NamedNode {
  readonly outputs: readonly { readonly id: number; readonly type: string }[];
}

/** What the model of a program calls an output: an input may have the same path. */
export const outputName = (path: string): string => `${path}:out`;

/** What a model calls its outputs and free axes, and what it says of itself. */
export interface ModelNames {
  /** The name of an output (inputs bear their paths). */
  output(path: string): string;
  /** The name of an axis whose length is free, of the input or output of that name. */
  axis(name: string, axis: number): string;
  /** The name of a node (default: none). */
  node?(node: NamedNode): string;
  readonly metadata?: Readonly<Record<string, string>>;
}
