/** @file Benchmark: one update of the student, compiled and in PyTorch, side by side at three sizes. */
import { availableParallelism } from 'node:os';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { startNode, startPyTorch } from './competitor.js';
import { type Duel, duel, printDuels } from './duel.js';
import { type PretrainSize, pretrainSizes, pytorchQuestion, sharedDescription } from './pretrain-sizes.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:pretrain')
  .usage('$0: one update of the student, compiled and in PyTorch ($EHMAM_PYTHON, default python3)')
  .options({
    sizes: { type: 'string', array: true, default: pretrainSizes.map(({ name }) => name) },
    threads: { type: 'number', default: availableParallelism(), describe: 'for ONNX Runtime and PyTorch' },
    rounds: { type: 'number', default: 5, describe: 'times that the two take turns' },
    steps: { type: 'number', default: 4, describe: 'updates a turn' },
    json: { type: 'boolean', default: false, describe: 'print JSON' },
  })
  .strict()
  .parse();

const rows: Duel[] = [];
for (const size of pretrainSizes.filter(({ name }) => options.sizes.includes(name))) {
  rows.push(await measure(size));
}
if (options.json) console.log(JSON.stringify({ threads: options.threads, rows }, null, 1));
else printDuels(rows);

async function measure(size: PretrainSize): Promise<Duel> {
  const { threads } = options;
  const { description, tensors } = pytorchQuestion(size);
  const shared = sharedDescription(size);
  const compiled = await startNode('pretrain-step.js', { description: shared, tensors: {}, threads });
  const pytorch = await startPyTorch('pretrain_step.py', { description, tensors, threads });
  const parameters = Object.values(tensors.student).reduce((sum, { data }) => sum + data.length, 0);
  return duel({ name: size.name, parameters }, compiled, pytorch, options);
}
