/** @file Registries: what there is of one kind, built in or brought by plug-ins, found by name. */
import { UserError } from './errors.js';
import { moduleText } from './module-name.js';
import { hintOfName } from './names.js';

export interface Registry<T> {
  /** In the order of registration, built-in ones first. */
  all(): readonly T[];
  /** @throws UserError naming what there is */
  find(name: string): T;
  has(name: string): boolean;
  /** The module that brought it; undefined of what is built in. */
  moduleOf(name: string): string | undefined;
  /** Why a plug-in cannot bring an item: its name is taken. */
  conflictOf(item: T, module: string): UserError | undefined;
  /**
   * Adds what a plug-in brings; the same module may bring it again.
   * @param module an absolute path or the name of a package
   * @throws UserError naming both owners when the name is taken
   */
  register(item: T, module: string): void;
}

/**
 * A registry.
 * @param what for messages: `task`, `masking strategy`
 * @param clashOf why an item cannot be added beside those there are, though its name is free
 */
export function createRegistry<T>(
  what: string,
  nameOf: (item: T) => string,
  builtIn: readonly T[],
  clashOf: (item: T) => string | undefined = () => undefined,
): Registry<T> {
  const items = new Map<string, { readonly item: T; readonly module: string | undefined }>(
    builtIn.map((item) => [nameOf(item), { item, module: undefined }]),
  );
  const clash = (item: T, module: string): string | undefined => {
    const taken = items.get(nameOf(item));
    if (taken === undefined || taken.module === module) return clashOf(item);
    const owner = taken.module === undefined ? 'is built in' : `comes from '${moduleText(taken.module)}'`;
    return `duplicate ${what} '${nameOf(item)}', which ${owner}`;
  };
  const conflictOf = (item: T, module: string): UserError | undefined => {
    const why = clash(item, module);
    if (why === undefined) return undefined;
    return new UserError(`plug-in '${moduleText(module)}': ${why}`, { hint: 'Choose another name' });
  };
  return {
    all: () => [...items.values()].map(({ item }) => item),
    has: (name) => items.has(name),
    moduleOf: (name) => items.get(name)?.module,
    conflictOf,
    find(name) {
      const found = items.get(name);
      if (found !== undefined) return found.item;
      throw new UserError(`unknown ${what} '${name}'`, {
        hint: `${hintOfName(name, [...items.keys()])} (--plugin MODULE loads others)`,
      });
    },
    register(item, module) {
      const conflict = conflictOf(item, module);
      if (conflict !== undefined) throw conflict;
      items.set(nameOf(item), { item, module });
    },
  };
}
