/** @file Names of plug-in modules: absolute paths and names of packages, which mean the same from every folder. */
import { isAbsolute, relative, resolve, sep } from 'node:path';

/** Whether a module is a file, not a package. */
export const isModulePath = (module: string): boolean =>
  isAbsolute(module) || /^\.{1,2}([/\\]|$)/.test(module);

/**
 * A module as it is known from every folder.
 * @param module a path that is absolute or begins with `./` or `../`, or the name of a package
 * @param folder that relative paths start from
 */
export const moduleFrom = (folder: string, module: string): string =>
  isModulePath(module) ? resolve(folder, module) : module;

/** A module for people: a file below the working folder by its path from there. */
export function moduleText(module: string): string {
  if (!isAbsolute(module)) return module;
  const path = relative(process.cwd(), module);
  return path.startsWith('..') || isAbsolute(path) ? module : `./${path.replaceAll(sep, '/')}`;
}
