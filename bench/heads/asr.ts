/** @file Benchmark: one update of SUPERB's recognition head at full size, compiled and in PyTorch, side by side. */
import { availableParallelism } from 'node:os';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { startNode, startPyTorch } from '../competitor.js';
import { type Duel, duel, printDuels } from '../duel.js';
import { asrDescription, asrInputs } from './asr-inputs.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:asr')
  .usage('$0: one update of the recognition head, compiled and in PyTorch ($EHMAM_PYTHON, default python3)')
  .options({
    threads: { type: 'number', default: availableParallelism(), describe: 'for ONNX Runtime and PyTorch' },
    rounds: { type: 'number', default: 3, describe: 'times that the two take turns' },
    steps: { type: 'number', default: 2, describe: 'updates a turn' },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

const { threads } = options;
const rows: Duel[] = [];
for (const lengths of ['different', 'equal'] as const) {
  const inputs = asrInputs(lengths);
  const description = asrDescription(lengths);
  const compiled = await startNode('heads/asr-step.js', { description, tensors: {}, threads });
  const pytorch = await startPyTorch('asr_step.py', { description, tensors: inputs, threads });
  const parameters = Object.values(inputs.parameters).reduce((sum, { data }) => sum + data.length, 0);
  rows.push(await duel({ name: `${lengths} lengths`, parameters }, compiled, pytorch, options));
}
if (options.json) console.log(JSON.stringify({ threads, rows }, null, 1));
else printDuels(rows);
