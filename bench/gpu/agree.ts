/** @file Prints how far a device's numbers are from the processor's. */
import { availableParallelism } from 'node:os';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { messageOf } from '../../src/base/errors.js';
import { createEngine } from '../../src/engine/create.js';
import { engineAt, type Place } from '../place.js';
import { type Agreement, gradientsAgree, headAgrees, specs, statesAgree, updatesAgree } from './agreement.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:agree')
  .usage('$0: hidden states, losses, gradients and updates of a CUDA device beside the processor')
  .options({
    device: { choices: ['cuda', 'host'] as const, default: 'cuda' as const },
    precision: { choices: ['fp32', 'tf32'] as const, default: 'fp32' as const },
    deterministic: { type: 'boolean', default: false, describe: 'kernels that repeat' },
    only: {
      choices: ['updates'] as const,
      describe: 'nothing but a recognition head, and five updates twice',
    },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

const place: Place = {
  ...{ device: options.device, precision: options.precision },
  ...(options.deterministic && { deterministic: true }),
};
const engines = [
  (await engineAt(place, Math.min(8, availableParallelism()))).engine,
  await createEngine('onnx', {}),
] as const;
const rows: (Agreement | { readonly name: string; readonly failure: string })[] = [];
const add = async (name: string, agree: () => Promise<Agreement | Agreement[]>): Promise<void> => {
  try {
    rows.push(...[await agree()].flat());
  } catch (error) {
    rows.push({ name, failure: messageOf(error) });
  }
};
for (const spec of options.only === 'updates' ? [] : specs()) {
  await add(spec, () => statesAgree(spec, engines));
  if (spec !== 'random:base') await add(spec, () => gradientsAgree(spec, engines));
}
await add('recognition head', () => headAgrees(engines));
await add('updates', () => updatesAgree(engines));
if (options.json) console.log(JSON.stringify({ ...options, rows }, null, 1));
else
  for (const row of rows)
    console.log(
      'failure' in row ? `${row.name}: ${row.failure}` : `${row.difference.toExponential(1)}  ${row.name}`,
    );
