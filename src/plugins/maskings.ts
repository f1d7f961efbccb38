/** @file Loads masking strategies from modules that a user names. */

import type { MaskingStrategy } from '../api/masking-strategy.js';
import { UserError } from '../base/errors.js';
import { maskings, registerMasking } from '../pretrain/masking/registry.js';
import { importPlugin } from './import-module.js';

/**
 * Loads the strategies that modules export as `maskings`, an array, and registers them.
 * @param modules paths (from the working folder) or names of packages
 * @returns the strategies, in the order of the modules
 * @throws UserError naming the module that cannot be loaded, exports no strategies, or one whose name is taken
 */
export async function loadMaskings(modules: readonly string[]): Promise<readonly MaskingStrategy[]> {
  const loaded: MaskingStrategy[] = [];
  for (const module of modules) {
    const { maskings: exported } = await importPlugin(module);
    if (!Array.isArray(exported) || exported.length === 0) {
      throw new UserError(`the plug-in '${module}' exports no masking strategies`, {
        mend: 'It must export an array: export const maskings = [{ name, about, hardShare, choose }]',
      });
    }
    for (const candidate of exported as readonly unknown[]) {
      const strategy = checkedStrategy(candidate, module);
      registerMasking(strategy, module);
      loaded.push(strategy);
    }
  }
  return loaded;
}

function checkedStrategy(candidate: unknown, module: string): MaskingStrategy {
  const given = (candidate ?? {}) as Readonly<Record<string, unknown>>;
  const expected = { name: 'string', about: 'string', hardShare: 'function', choose: 'function' } as const;
  const wrong = Object.entries(expected).find(
    ([key, type]) => typeof given[key] !== type || given[key] === '',
  );
  if (wrong === undefined) return candidate as MaskingStrategy;
  const which = typeof given.name === 'string' ? ` '${given.name}'` : '';
  throw new UserError(
    `the plug-in '${module}' exports a masking strategy${which} whose ${wrong[0]} is no ${wrong[1]}`,
    {
      mend: `A strategy has name, about, hardShare and choose; there are: ${[...maskings().keys()].join(', ')}`,
    },
  );
}
