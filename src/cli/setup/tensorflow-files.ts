/** @file TensorFlow's library out of a Python package, laid where the build of TensorFlow.js' addon looks for it. */
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../../base/errors.js';
import { unpackWheel } from './wheel.js';

/** The library under its names: in the Python packages, in the archives for C. */
const libraryNames = ['libtensorflow_cc.so.2', 'libtensorflow.so.2'];
const frameworkName = 'libtensorflow_framework.so.2';

/** Headers that the addon is built with. */
const headers = ['tensorflow/c', 'tensorflow/core/platform', 'tsl/c', 'tsl/platform'];
const isHeader = (path: string): boolean =>
  /^(tensorflow|tsl)\/c\/.*\.h$/.test(path) || /^(tensorflow\/core|tsl)\/platform\/ctstring.*\.h$/.test(path);

/**
 * Fills `deps` of the package @tensorflow/tfjs-node, so that its script downloads nothing.
 * @param deps the folder
 * @param from a wheel of `tensorflow` or `tensorflow-cpu`, its unpacked `tensorflow` folder (which is linked, not copied), or
 *   a folder with `lib` and `include`
 * @throws UserError naming what is missing
 */
export async function layTensorflow(deps: string, from: string): Promise<void> {
  if (!existsSync(from)) throw new UserError('no such file or folder', { file: from });
  const lib = join(deps, 'lib');
  await mkdir(lib, { recursive: true });
  const library = statSync(from).isDirectory()
    ? await linkFolder(deps, lib, resolve(from))
    : await unpackFile(deps, lib, from);
  // As its script and the linker ask for it: the first name is what the script takes for a finished download.
  for (const name of ['libtensorflow.so.2.9.1', 'libtensorflow.so', 'libtensorflow.so.2'])
    if (name !== library) await symlink(library, join(lib, name));
  await symlink(frameworkName, join(lib, 'libtensorflow_framework.so'));
}

async function unpackFile(deps: string, lib: string, wheel: string): Promise<string> {
  const unpacked = new Set<string>();
  await unpackWheel(wheel, (path) => {
    const name = basename(path);
    if (dirname(path) === 'tensorflow' && [...libraryNames, frameworkName].includes(name)) {
      unpacked.add(name);
      return join(lib, name);
    }
    const header = path.replace(/^tensorflow\/include\//, '');
    return header !== path && isHeader(header) ? join(deps, 'include', header) : undefined;
  });
  const library = libraryNames.find((name) => unpacked.has(name));
  if (library === undefined || !unpacked.has(frameworkName))
    throw new UserError(`has no tensorflow/${libraryNames[0]} and ${frameworkName}`, {
      file: wheel,
      hint: 'Name a wheel of tensorflow or tensorflow-cpu for Linux',
    });
  return library;
}

async function linkFolder(deps: string, lib: string, folder: string): Promise<string> {
  const [place] = [folder, join(folder, 'lib')].filter((each) => existsSync(join(each, frameworkName)));
  const library = libraryNames.find((name) => place !== undefined && existsSync(join(place, name)));
  const include = [folder, dirname(folder)]
    .map((each) => join(each, 'include'))
    .find((each) => existsSync(join(each, 'tensorflow/c/c_api.h')));
  const missing = [
    ...(library === undefined ? [`${libraryNames[0]} and ${frameworkName}`] : []),
    ...(include === undefined ? ['include/tensorflow/c/c_api.h'] : []),
  ];
  if (place === undefined || library === undefined || include === undefined)
    throw new UserError(`has no ${missing.join(' and no ')}`, {
      file: folder,
      hint: 'Name the folder `tensorflow` of a Python environment, a wheel, or a folder with lib and include',
    });
  for (const name of [library, frameworkName]) await symlink(join(place, name), join(lib, name));
  for (const part of headers)
    if (existsSync(join(include, part)))
      await cp(join(include, part), join(deps, 'include', part), {
        recursive: true,
        filter: (source) => statSync(source).isDirectory() || isHeader(source.slice(include.length + 1)),
      });
  // The library looks there for CUDA's.
  const nvidia = join(dirname(folder), 'nvidia');
  if (existsSync(nvidia)) await symlink(nvidia, join(deps, 'nvidia'));
  return library;
}
