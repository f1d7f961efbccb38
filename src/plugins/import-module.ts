/** @file Modules that a user names: a path, or a package. */
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, UserError } from '../base/errors.js';

/**
 * Imports a plug-in.
 * @param module a path (absolute, or from the working folder and beginning with a dot) or the name of a package, looked
 *   for beside this program and then from the working folder
 * @returns what the module exports
 * @throws UserError when it is not there or fails while it is loaded
 */
export async function importPlugin(module: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    if (isPath(module)) return await importUrl(pathToFileURL(resolve(module)).href);
    return await importUrl(module).catch(async (error: unknown) => {
      if (!isMissing(error, module)) throw error;
      const file = createRequire(join(process.cwd(), 'plug-ins.js')).resolve(module);
      return importUrl(pathToFileURL(file).href);
    });
  } catch (error) {
    throw new UserError(`the plug-in '${module}' cannot be loaded (${messageOf(error).split('\n')[0]})`, {
      mend: isPath(module)
        ? 'Check its path, and that it is a JavaScript module'
        : 'Install the package, or give a path that begins with ./ or /',
      cause: error,
    });
  }
}

const isPath = (module: string): boolean => isAbsolute(module) || /^\.{1,2}[/\\]/.test(module);

const importUrl = (url: string): Promise<Readonly<Record<string, unknown>>> =>
  import(url) as Promise<Readonly<Record<string, unknown>>>;

/** Whether the package itself is missing, and not something that it imports. */
function isMissing(error: unknown, module: string): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && messageOf(error).includes(`'${module}'`);
}
