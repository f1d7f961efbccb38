/** @file Where Python environments keep their packages. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { type Machine, matching } from './machine.js';

const script = `import site, sysconfig
for p in [sysconfig.get_path('purelib'), sysconfig.get_path('platlib'), *site.getsitepackages(), site.getusersitepackages()]: print(p)`;

/**
 * The `site-packages` folders of an interpreter, or of the environments that are active: VIRTUAL_ENV, CONDA_PREFIX, and the
 * `python3` and `python` of the PATH.
 * @throws UserError for an interpreter that does not run
 */
export function sitePackages(machine: Machine, python?: string): string[] {
  if (python !== undefined) {
    const told = machine.run(python, ['-c', script]);
    if (told === undefined)
      throw new UserError(`--python ${python}: cannot be run`, { hint: 'Name a Python interpreter' });
    return existing(told.split('\n'));
  }
  const { VIRTUAL_ENV, CONDA_PREFIX } = machine.environment;
  const active = [VIRTUAL_ENV, CONDA_PREFIX].flatMap((prefix) =>
    prefix ? matching(prefix, 'lib/python3*/site-packages') : [],
  );
  const onPath = ['python3', 'python'].flatMap(
    (name) => machine.run(name, ['-c', script])?.split('\n') ?? [],
  );
  return existing([...active, ...onPath]);
}

const existing = (folders: readonly string[]): string[] => [
  ...new Set(folders.map((folder) => folder.trim()).filter((folder) => folder !== '' && existsSync(folder))),
];

/** Folders with libraries of the `nvidia-*` packages. */
export const nvidiaFolders = (site: string): string[] => matching(site, 'nvidia/*/lib');

/** Where the `onnxruntime-gpu` package has its libraries. */
export const onnxruntimeFolder = (site: string): string => join(site, 'onnxruntime', 'capi');
