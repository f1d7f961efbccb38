/** @file What updates change, on the host and where the engine has it: trained parameters apart from frozen ones. */
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { Parameters } from '../engine/tree.js';
import type { AdamState } from '../nn/adam.js';
import { type Held, holdOnHost } from './held.js';

/** All that updates change, on the host. */
export interface Weights {
  readonly parameters: HostParameters;
  readonly moments: AdamState<HostParameters>;
}

/** The same where the engine has it. */
export interface HeldWeights {
  readonly trained: Held<Parameters>;
  readonly moments: Held<AdamState<Parameters>>;
  /** Parameters that no update changes now. */
  readonly frozen: Held<Parameters>;
  /** Their moments, which no program needs. */
  readonly resting: AdamState<HostParameters>;
  /** All names, in the order they were given in: a program's sums follow it. */
  readonly names: readonly string[];
}

/** Hands weights to the engine. */
export function holdWeights(
  { parameters, moments: { first, second } }: Weights,
  isFrozen: (name: string) => boolean,
): HeldWeights {
  const isTrained = (name: string): boolean => !isFrozen(name);
  return {
    trained: holdOnHost<Parameters>(some(parameters, isTrained)),
    moments: holdOnHost<AdamState<Parameters>>({
      first: some(first, isTrained),
      second: some(second, isTrained),
    }),
    frozen: holdOnHost<Parameters>(some(parameters, isFrozen)),
    resting: { first: some(first, isFrozen), second: some(second, isFrozen) },
    names: Object.keys(parameters),
  };
}

/** Copies weights to the host. */
export async function readWeights({
  trained,
  frozen,
  moments,
  resting,
  names,
}: HeldWeights): Promise<Weights> {
  const { first, second } = await moments.read();
  const all = (tree: HostParameters): HostParameters =>
    Object.fromEntries(names.map((name) => [name, tree[name] as HostTensor]));
  return {
    parameters: all({ ...(await frozen.read()), ...(await trained.read()) }),
    moments: { first: all({ ...resting.first, ...first }), second: all({ ...resting.second, ...second }) },
  };
}

export async function releaseWeights({ trained, moments, frozen }: HeldWeights): Promise<void> {
  await Promise.all([trained.release(), moments.release(), frozen.release()]);
}

/** The weights with the frozen parameters that are to be frozen now. */
export async function frozenAs(
  weights: HeldWeights,
  isFrozen: (name: string) => boolean,
): Promise<HeldWeights> {
  const same = weights.names.every((name) => isFrozen(name) === Object.hasOwn(weights.resting.first, name));
  return same ? weights : holdWeights(await readWeights(weights), isFrozen);
}

const some = (tree: HostParameters, wanted: (name: string) => boolean): HostParameters =>
  Object.fromEntries(Object.entries(tree).filter(([name]) => wanted(name)));
