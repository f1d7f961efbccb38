/** @file What plug-ins import as `ehmam` is this very program: one tensor library, one set of classes. */
import { existsSync } from 'node:fs';
import { register } from 'node:module';

const face = new URL('../index.js', import.meta.url);
let resolving = false;

/** From now on, modules get this program's face for `ehmam`, whatever copy is installed beside them. */
export function resolveOwnPackage(): void {
  // Run from the TypeScript sources there is no JavaScript to give.
  if (resolving || !existsSync(face)) return;
  resolving = true;
  const hook = `export const resolve = (specifier, context, next) => specifier === 'ehmam'
    ? { url: ${JSON.stringify(face.href)}, shortCircuit: true } : next(specifier, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
