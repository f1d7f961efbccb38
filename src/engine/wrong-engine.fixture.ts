/** @file An engine that computes some operator wrong, for the tests of what finds that. */
import type { HostTensor } from '../base/host-tensor.js';
import type { Engine } from './engine.js';

/** An engine that changes what programs of some operator return. */
export const wrongEngine = (
  engine: Engine,
  operator: string,
  change: (tensor: HostTensor) => HostTensor,
): Engine => ({
  ...engine,
  compile: (fn, options) => {
    const program = engine.compile(fn, options);
    if (!options.name.startsWith(operator)) return program;
    return {
      ...program,
      run: async (inputs) => {
        const outputs = await program.run(inputs);
        return Object.fromEntries(
          Object.entries(outputs).map(([name, tensor]) => [name, change(tensor as HostTensor)]),
        ) as typeof outputs;
      },
    };
  },
});

/** Another first value. */
export const firstChanged =
  (by: number) =>
  (tensor: HostTensor): HostTensor => {
    const data = tensor.data.slice() as typeof tensor.data;
    data[0] = (data[0] as number) + by;
    return { ...tensor, data };
  };
