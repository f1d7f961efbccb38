/** @file An engine that remembers what it was asked to hold, for tests that nothing stays behind. */
import type { Engine, Held } from './engine.js';

/** The engine, and a count of the trees that it holds still. */
export function watched(inner: Engine): { readonly engine: Engine; readonly held: () => Promise<number> } {
  const all = new Set<Held<unknown>>();
  const compile: Engine['compile'] = (fn, options) => {
    const program = inner.compile(fn, options);
    const run: typeof program.run = async (inputs) => {
      const outputs = await program.run(inputs);
      const kept: readonly string[] = options.keeps ?? [];
      for (const [name, output] of Object.entries(outputs as object))
        if (kept.includes(name)) all.add(output as Held<unknown>);
      return outputs;
    };
    return { ...program, run };
  };
  const engine: Engine = {
    ...inner,
    compile,
    hold: (tree) => {
      const held = inner.hold(tree);
      all.add(held as Held<unknown>);
      return held;
    },
  };
  const held = async (): Promise<number> => {
    const reads = await Promise.allSettled([...all].map((each) => each.read()));
    return reads.filter(({ status }) => status === 'fulfilled').length;
  };
  return { engine, held };
}
