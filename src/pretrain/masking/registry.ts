/** @file The masking strategies there are: built-in ones, and those that plug-ins bring. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import { UserError } from '../../base/errors.js';
import { block } from './block.js';
import { easyToHard } from './easy-to-hard.js';
import { hardOnly } from './hard-only.js';
import { random } from './random.js';
import { randomMatched } from './random-matched.js';

interface Registered {
  readonly strategy: MaskingStrategy;
  /** The module it came from; undefined for built-in ones. */
  readonly module: string | undefined;
}

const builtIn: readonly MaskingStrategy[] = [easyToHard, random, randomMatched, hardOnly, block];
const registered = new Map<string, Registered>(
  builtIn.map((strategy) => [strategy.name, { strategy, module: undefined }]),
);

/** Strategies by name, built-in ones first. */
export function maskings(): ReadonlyMap<string, MaskingStrategy> {
  return new Map([...registered].map(([name, { strategy }]) => [name, strategy]));
}

/**
 * Adds a strategy of a plug-in; the same module may bring it again.
 * @throws UserError when another module has a strategy of that name
 */
export function registerMasking(strategy: MaskingStrategy, module: string): void {
  const taken = registered.get(strategy.name);
  if (taken !== undefined && taken.module !== module) {
    const owner = taken.module === undefined ? 'is built in' : `came from '${taken.module}'`;
    throw new UserError(
      `the plug-in '${module}' brings the masking strategy '${strategy.name}', which ${owner}`,
      {
        mend: 'Give it another name',
      },
    );
  }
  registered.set(strategy.name, { strategy, module });
}

/** @throws UserError listing the strategies when there is none of that name */
export function findMasking(name: string): MaskingStrategy {
  const found = registered.get(name);
  if (found !== undefined) return found.strategy;
  throw new UserError(`there is no masking strategy '${name}'`, {
    mend: `Strategies: ${[...registered.keys()].join(', ')}; --plugin MODULE loads others`,
  });
}
