/** @file Native libraries that an installation may lack, and where `ehmam setup` puts them so that they outlive it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from './errors.js';
import { userCacheFolder } from './files.js';
import { projectFile } from './package.js';

/** Packages with a native library. npm leaves the first out where its install script fails; the others are peers. */
export type NativeLibrary = 'onnxruntime-node' | '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

/** The lowest version of a library that this program takes: package.json says it. */
export function wantedVersion(library: NativeLibrary): string {
  const { optionalDependencies, peerDependencies } = JSON.parse(
    readFileSync(projectFile('package.json'), 'utf8'),
  ) as Readonly<Record<'optionalDependencies' | 'peerDependencies', Readonly<Record<string, string>>>>;
  const range = optionalDependencies[library] ?? peerDependencies[library];
  if (range === undefined) throw new Error(`package.json does not name ${library}`);
  return range.replace(/^[~^]/, '');
}

/** Where `ehmam setup` installs a library: a folder of its own with a `node_modules`, for the version that is wanted. */
export function libraryFolder(library: NativeLibrary): string {
  return join(
    userCacheFolder(),
    'libraries',
    `${library.replace('@tensorflow/', '')}-${wantedVersion(library)}`,
  );
}

/**
 * The file by which a library is entered: beside this program, else where `ehmam setup` put it. Undefined where neither has
 * it whole: TensorFlow's packages are of no use before their install script ran.
 */
export function findLibrary(library: NativeLibrary): string | undefined {
  const { resolve } = createRequire(import.meta.url);
  const resolved = (paths?: string[]): string | undefined => {
    try {
      return resolve(library, paths && { paths });
    } catch {
      return undefined;
    }
  };
  const isWhole = (file: string | undefined): file is string =>
    file !== undefined && (library === 'onnxruntime-node' || hasBinding(file));
  return [resolved(), resolved([libraryFolder(library)])].find(isWhole);
}

/** Whether what the install script of a TensorFlow package makes is there. */
function hasBinding(file: string): boolean {
  const folder = join(dirname(file), '..', 'lib');
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((name) => existsSync(join(folder, name, 'tfjs_binding.node')));
}

/**
 * ONNX Runtime, which the engine cannot do without.
 * @throws UserError where npm left it out
 */
export function requireOnnxRuntime(): unknown {
  const file = findLibrary('onnxruntime-node');
  if (file !== undefined) return createRequire(import.meta.url)(file);
  throw new UserError('ONNX Runtime is not installed: npm leaves it out where its install script fails', {
    exitCode: 1,
    hint: 'Run `ehmam setup onnx`',
  });
}
