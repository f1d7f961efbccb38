/** @file Groups of parameters that are trained in another way than the rest: slower, later, never, without decay. */
import { UserError } from '../base/errors.js';
import type { AdamSettings } from '../nn/adam.js';

type Shapes = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** Each parameter belongs to the first group that matches it. */
export interface ParameterGroup {
  /** For errors. */
  readonly name: string;
  readonly matches: (name: string, shape: readonly number[]) => boolean;
  /** What the learning rate is multiplied by (default: 1). */
  readonly rateFactor?: number;
  /** Updates before the group's first one (default: 0); Infinity: it is never trained. */
  readonly frozenUntil?: number;
  /** Whether weight decay touches it (default: yes). */
  readonly decays?: boolean;
}

/** Adam, clipping and groups: all that makes an update out of gradients. */
export interface OptimizerSettings extends Omit<AdamSettings, 'exempt' | 'rateFactor' | 'startsAfter'> {
  /** Largest norm of all gradients of an update together; 0: no clipping. */
  readonly clipNorm: number;
  readonly groups?: readonly ParameterGroup[];
}

/** Groups resolved for the parameters of a model. */
export interface ResolvedGroups {
  readonly adam: AdamSettings;
  /** Whether a parameter is left as it is by the update that follows so many. */
  readonly isFrozen: (name: string, updatesBefore: number) => boolean;
}

/**
 * Finds every parameter's group.
 * @throws UserError for a group that matches no parameter: its pattern has a mistake
 */
export function resolveGroups(
  { clipNorm: _, groups = [], ...adam }: OptimizerSettings,
  shapes: Shapes,
): ResolvedGroups {
  const found = Object.entries(shapes).flatMap(([name, { shape }]): [string, ParameterGroup][] => {
    const group = groups.find(({ matches }) => matches(name, shape));
    return group === undefined ? [] : [[name, group]];
  });
  const groupOf = new Map(found);
  const used = new Set(groupOf.values());
  const unused = groups.find((group) => !used.has(group));
  if (unused !== undefined) {
    const known = Object.keys(shapes).slice(0, 3).join(', ');
    throw new UserError(`the parameter group '${unused.name}' matches no parameter (${known}, ...)`);
  }
  const frozenUntil = (name: string): number => groupOf.get(name)?.frozenUntil ?? 0;
  return {
    adam: {
      ...adam,
      exempt: (name) => groupOf.get(name)?.decays === false,
      rateFactor: (name) => groupOf.get(name)?.rateFactor ?? 1,
      startsAfter: frozenUntil,
    },
    isFrozen: (name, updatesBefore) => updatesBefore < frozenUntil(name),
  };
}
