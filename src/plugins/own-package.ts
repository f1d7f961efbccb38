/** @file What plug-ins import as `ehmam` is this very program: one tensor library, one set of classes. */
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}
type Resolve<Result> = (specifier: string, context: unknown, next: (...given: unknown[]) => Result) => Result;

const face = new URL('../index.js', import.meta.url);
let resolving = false;

/** From now on, modules get this program's face for `ehmam`, whatever copy is installed beside them. */
export function resolveOwnPackage(): void {
  // Run from the TypeScript sources there is no JavaScript to give.
  if (resolving || !existsSync(face)) return;
  resolving = true;
  // Node 22 has hooks in this thread, earlier ones in a thread of their own, whose code is a module.
  const { registerHooks } = nodeModule as { registerHooks?: (hooks: { resolve: Resolve<Resolved> }) => void };
  const { href: url } = face;
  if (registerHooks !== undefined) {
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'ehmam' ? { url, shortCircuit: true } : next(specifier, context),
    });
    return;
  }
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === 'ehmam' ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(specifier, context);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
