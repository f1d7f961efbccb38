/** @file Trees that an engine holds, on the host or on its device: who may use them, and when their memory is free again. */

import type { HostTensor } from '../base/host-tensor.js';
import { type DeviceTensor, type EngineTensor, isOnDevice } from './device/tensor.js';
import type { Held, Outputs, ProgramOptions } from './engine.js';
import { halved } from './halves.js';
import type { SpareMemory } from './spare-memory.js';
import { flatten, isLeaf, mapLeaves, type ToHost, type Tree } from './tree.js';

/** A tree, or a single tensor. */
type Values = EngineTensor | Tree<EngineTensor>;

type Memory = SpareMemory<EngineTensor>;

/** A device, as far as trees are held there. */
export interface HoldingDevice {
  place(tensor: HostTensor): DeviceTensor;
  /** Where the memory of held trees goes that end. */
  readonly memory: Memory;
}

/** What an engine holds, and what of it a run is given. */
export interface Holder {
  /**
   * @param what names it in errors
   * @param memory where its memory goes in the end; absent where it is the caller's
   */
  hold<T>(values: ToHost<T>, what: string, memory?: Memory): Held<T>;
  /**
   * Looks into the inputs of a run of the program `name`.
   * @throws Error naming the program and the input that is held no more, or by another engine
   */
  open(name: string, inputs: unknown, keeps: readonly string[]): OpenedInputs;
}

/** The inputs of a run with all held trees opened. */
export interface OpenedInputs {
  readonly tree: Tree<EngineTensor>;
  /** From here to `end` the held trees are in use, and the consumed ones are no one else's. */
  begin(): void;
  /** Paths of the held inputs whose memory no one else uses: it may be moved elsewhere and is then to be put back. */
  movable(): readonly string[];
  isHeld(path: string): boolean;
  /** New memory with the values of inputs that were moved in vain, by their paths. */
  putBack(moved: ReadonlyMap<string, HostTensor>): void;
  /** After a run that did not work, nothing is consumed. */
  end(worked: boolean, memory?: Memory): void;
}

interface Use {
  readonly path: string;
  readonly held: HeldValues<unknown>;
  readonly consumed: boolean;
}

/** @param device where trees are held (default: the host) */
export function createHolder(device?: HoldingDevice): Holder {
  const owner = Symbol('engine');
  return {
    hold: <T>(values: ToHost<T>, what: string, memory?: Memory) => {
      const placed = (leaf: EngineTensor): EngineTensor =>
        device === undefined || isOnDevice(leaf) ? leaf : device.place(leaf);
      return new HeldValues<T>(
        owner,
        what,
        device === undefined ? (values as Values) : changed(values as Values, placed),
        memory ?? device?.memory,
      );
    },
    open: (name, inputs, keeps) => {
      const fail = (what: string): never => {
        throw new Error(`${name} cannot run: ${what}`);
      };
      const uses: Use[] = [];
      const opened = (node: unknown, path: string): unknown => {
        if (!isHeld(node)) {
          if (typeof node !== 'object' || node === null || isLeaf(node as Values)) return node;
          return Object.fromEntries(
            Object.entries(node).map(([key, below]) => [
              key,
              opened(below, path === '' ? key : `${path}/${key}`),
            ]),
          );
        }
        const place = path === '' ? 'what it is given' : `the input ${path}`;
        if (!(node instanceof HeldValues) || node.owner !== owner)
          return fail(`${place} is held by another engine`);
        if (node.ended !== undefined) return fail(`${place} ${node.ended}`);
        const names = path === '' ? Object.keys(node.values) : [path.split('/')[0] as string];
        uses.push({ path, held: node, consumed: names.some((top) => isNamed(keeps, top)) });
        return node.values;
      };
      const tree = opened(inputs, '') as Tree<EngineTensor>;
      return { tree, ...useOf(name, uses) };
    },
  };
}

/**
 * A run of a program of any engine: held inputs are opened, in use while it runs, and consumed where it works.
 * @param memory where the memory of held trees goes that end
 * @returns the outputs, those that are kept held
 */
export async function runOpened<Out, Kept extends string>(
  { holder, memory }: { readonly holder: Holder; readonly memory?: Memory },
  { name, keeps = [], halves = [] }: ProgramOptions<Kept>,
  inputs: unknown,
  run: (opened: OpenedInputs) => Promise<Tree<EngineTensor>>,
): Promise<Outputs<Out, Kept>> {
  const opened = holder.open(name, inputs, keeps);
  opened.begin();
  let outputs: Tree<EngineTensor> | undefined;
  try {
    outputs = await run(opened);
  } finally {
    opened.end(outputs !== undefined, memory);
  }
  // What the program has rounded stays.
  const rounded = (leaf: EngineTensor): EngineTensor => (isOnDevice(leaf) ? leaf : halved(leaf));
  const left = Object.entries(outputs).map(
    ([top, values]) => [top, isNamed(halves, top) ? changed(values, rounded) : values] as const,
  );
  const kept = left.map(([top, values]) => [
    top,
    isNamed(keeps, top) ? holder.hold(values as ToHost<unknown>, `${top} of ${name}`, memory) : values,
  ]);
  return Object.fromEntries(kept) as Outputs<Out, Kept>;
}

/** Whether an input or output belongs to one of the top-level names. */
export const isNamed = (names: readonly string[], path: string): boolean =>
  names.includes(path.split('/')[0] as string);

/** What a run does with the held trees among its inputs. */
function useOf(name: string, uses: readonly Use[]): Omit<OpenedInputs, 'tree'> {
  const all = new Set(uses.map(({ held }) => held));
  const consumed = uses.filter((use) => use.consumed);
  return {
    begin: () => {
      for (const held of all) held.users++;
      for (const { held } of consumed) held.ended = `was consumed by a run of ${name}`;
    },
    movable: () =>
      consumed
        .filter(({ held }) => held.memory !== undefined && held.users === 1)
        .flatMap(({ path, held }) => held.leaves(path).map(([leaf]) => leaf)),
    isHeld: (path) => uses.some((use) => isUnder(path, use.path)),
    putBack: (moved) => {
      for (const { path, held } of consumed) held.replace(path, moved);
    },
    end: (worked, memory) => {
      for (const held of all) held.users--;
      for (const { held } of consumed) {
        if (!worked) held.ended = undefined;
        else held.free(memory);
      }
      for (const held of all) if (held.ended !== undefined) held.free(held.memory);
    },
  };
}

/** Whether a path is that of a tree, or leads into it. */
const isUnder = (path: string, tree: string): boolean =>
  tree === '' || path === tree || path.startsWith(`${tree}/`);

class HeldValues<T> implements Held<T> {
  /** Runs that have begun with it. */
  users = 0;
  /** Why it is held no more. */
  ended: string | undefined;

  constructor(
    readonly owner: symbol,
    private readonly what: string,
    public values: Values,
    public memory: Memory | undefined,
  ) {}

  async read(): Promise<ToHost<T>> {
    if (this.ended !== undefined) throw new Error(`cannot read ${this.what}: it ${this.ended}`);
    const read = new Map<string, HostTensor>();
    for (const [path, leaf] of this.leaves(''))
      read.set(path, isOnDevice(leaf) ? await leaf.read() : copyOf(leaf));
    return changed(this.values, (_, path) => read.get(path) as HostTensor) as ToHost<T>;
  }

  async release(): Promise<void> {
    if (this.ended !== undefined) return;
    this.ended = 'was released';
    this.free(this.memory);
  }

  /** Its tensors with their paths, where it stands at `path`. */
  leaves(path: string): [string, EngineTensor][] {
    if (isLeaf(this.values)) return [[path, this.values]];
    return flatten(this.values, isLeaf).map(([below, leaf]) => [
      path === '' ? below : `${path}/${below}`,
      leaf,
    ]);
  }

  replace(path: string, moved: ReadonlyMap<string, HostTensor>): void {
    const prefix = path === '' ? '' : `${path}/`;
    this.values = changed(
      this.values,
      (leaf, below): EngineTensor => moved.get(below === '' ? path : prefix + below) ?? leaf,
    );
  }

  /** Gives its memory away, once, when no run uses it any more. */
  free(memory: Memory | undefined): void {
    if (this.users > 0) return;
    if (this.memory !== undefined) memory?.take(this.leaves('').map(([, leaf]) => leaf));
    this.memory = undefined;
    this.values = {};
  }
}

function changed(values: Values, change: (leaf: EngineTensor, path: string) => EngineTensor): Values {
  return isLeaf(values) ? change(values, '') : mapLeaves(values, isLeaf, change);
}

const copyOf = (leaf: HostTensor): HostTensor => ({ ...leaf, data: leaf.data.slice() });

/** Whether a node of a run's inputs is held, by whatever engine. */
function isHeld(node: unknown): node is Held<unknown> {
  const { read, release } = (node ?? {}) as { read?: unknown; release?: unknown };
  return typeof read === 'function' && typeof release === 'function';
}
