/** @file Imports the modules that a user names: files, or packages. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, UserError } from '../base/errors.js';
import { isModulePath, moduleText } from '../base/module-name.js';
import { resolveOwnPackage } from './own-package.js';

export type ModuleExports = Readonly<Record<string, unknown>>;

/**
 * Imports a plug-in.
 * @param module an absolute path, or the name of a package: looked for beside this program, then from the working folder
 * @returns what the module exports
 * @throws UserError when it is not there, is no JavaScript, or throws while it is loaded
 */
export async function importPlugin(module: string): Promise<ModuleExports> {
  resolveOwnPackage();
  try {
    if (!isModulePath(module)) return await importPackage(module);
    if (existsSync(module)) return await importUrl(pathToFileURL(module).href);
  } catch (error) {
    throw loadingError(module, error);
  }
  throw new UserError(`plug-in '${moduleText(module)}': not found`, { hint: 'Check its path' });
}

const importUrl = (url: string): Promise<ModuleExports> => import(url) as Promise<ModuleExports>;

async function importPackage(name: string): Promise<ModuleExports> {
  try {
    return await importUrl(name);
  } catch (error) {
    if (!isMissing(error, name)) throw error;
  }
  const file = packageEntry(name);
  if (file !== undefined) return importUrl(pathToFileURL(file).href);
  throw new UserError(`plug-in '${name}': not found`, {
    hint: existsSync(resolve(name))
      ? `Did you mean './${name}'? Paths begin with ./ or /`
      : 'Install the package, or use a path that begins with ./ or /',
  });
}

/** Whether the package itself is missing, and not something that it imports. */
function isMissing(error: unknown, name: string): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && messageOf(error).includes(`'${name}'`);
}

/** The file that `import NAME` means in the working folder. */
function packageEntry(name: string): string | undefined {
  const require = createRequire(join(process.cwd(), 'plug-ins.js'));
  try {
    return require.resolve(name);
  } catch (error) {
    // Packages for `import` alone: what Node finds for `require` is nothing.
    if ((error as { code?: unknown }).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined;
  }
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, 'package.json');
    if (!existsSync(file)) continue;
    const { exports } = JSON.parse(readFileSync(file, 'utf8')) as { exports?: unknown };
    const entry = importTarget(exports);
    return entry === undefined ? undefined : join(folder, name, entry);
  }
  return undefined;
}

/** What a package's `exports` give to `import` for the package itself: the first condition that holds, as Node. */
function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  for (const [condition, target] of Object.entries(exports))
    if (['.', 'node', 'import', 'module-sync', 'default'].includes(condition)) {
      const found = importTarget(target);
      if (found !== undefined) return found;
    }
  return undefined;
}

function loadingError(module: string, error: unknown): UserError {
  if (error instanceof UserError && error.message.startsWith('plug-in ')) return error;
  const [message = ''] = messageOf(error).split('\n');
  const what = error instanceof SyntaxError ? `syntax error (${message})` : `failed to load (${message})`;
  return new UserError(`plug-in '${moduleText(module)}': ${what}`, { cause: error });
}
