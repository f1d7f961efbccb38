/** @file Benchmark: an update of SUPERB's heads of verification and diarisation at full size, compiled and in PyTorch. */
import { availableParallelism } from 'node:os';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { startNode, startPyTorch } from '../competitor.js';
import { type Duel, duel, printDuels } from '../duel.js';
import { diarization, headNames, speakerInputs, verification } from './speaker-inputs.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('bench:speakers')
  .usage(
    '$0: an update of the heads of asv and sd, all its batches, compiled and in PyTorch ($EHMAM_PYTHON, default python3)',
  )
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
for (const head of headNames) {
  const inputs = speakerInputs(head);
  const { lstmSize } = diarization;
  const { scale, margin, weightDecay } = verification;
  const { gradientClip, batchSize, accumulation } = head === 'x-vector' ? verification : diarization;
  const description = {
    ...{ head, lstmSize, scale, margin, weightDecay, gradientClip, batchSize, accumulation },
    learningRate: 1e-4,
  };
  const compiled = await startNode('heads/speaker-step.js', { description, tensors: {}, threads });
  const pytorch = await startPyTorch('speaker_step.py', {
    description,
    tensors: { parameters: inputs.parameters, batch: inputs.batch },
    threads,
  });
  const parameters = Object.values(inputs.parameters).reduce((sum, { data }) => sum + data.length, 0);
  rows.push(await duel({ name: head, parameters }, compiled, pytorch, options));
}
if (options.json) console.log(JSON.stringify({ threads, rows }, null, 1));
else printDuels(rows);
