/** @file What updates change, on the host and where the engine has it: trained parameters apart from frozen ones. */
import { z } from 'zod';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { Engine, Held } from '../engine/engine.js';
import type { Parameters } from '../engine/tree.js';
import type { AdamState } from '../nn/adam.js';
import { hostParametersSchema } from './checkpoint-file.js';
import type { ResolvedGroups } from './parameter-groups.js';

/** All that updates change, on the host. */
export interface Weights {
  readonly parameters: HostParameters;
  readonly moments: AdamState<HostParameters>;
}

/** Of weights in a checkpoint. */
export const weightsSchema = z.object({
  parameters: hostParametersSchema,
  moments: z.object({ first: hostParametersSchema, second: hostParametersSchema }),
});

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
  readonly groups: ResolvedGroups;
}

/** Hands weights to the engine, as the update after so many needs them. */
export function holdWeights(
  engine: Engine,
  { parameters, moments: { first, second } }: Weights,
  groups: ResolvedGroups,
  updatesBefore: number,
): HeldWeights {
  const isFrozen = (name: string): boolean => groups.isFrozen(name, updatesBefore);
  const isTrained = (name: string): boolean => !isFrozen(name);
  return {
    trained: engine.hold<Parameters>(some(parameters, isTrained)),
    moments: engine.hold<AdamState<Parameters>>({
      first: some(first, isTrained),
      second: some(second, isTrained),
    }),
    frozen: engine.hold<Parameters>(some(parameters, isFrozen)),
    resting: { first: some(first, isFrozen), second: some(second, isFrozen) },
    names: Object.keys(parameters),
    groups,
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

/** The weights as the update after so many needs them: a group may have begun to be trained. */
export async function frozenAs(
  engine: Engine,
  weights: HeldWeights,
  updatesBefore: number,
): Promise<HeldWeights> {
  const { names, groups, resting } = weights;
  const same = names.every(
    (name) => groups.isFrozen(name, updatesBefore) === Object.hasOwn(resting.first, name),
  );
  if (same) return weights;
  const read = await readWeights(weights);
  await releaseWeights(weights);
  return holdWeights(engine, read, groups, updatesBefore);
}

const some = (tree: HostParameters, wanted: (name: string) => boolean): HostParameters =>
  Object.fromEntries(Object.entries(tree).filter(([name]) => wanted(name)));
