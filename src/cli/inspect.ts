/** @file `ehmam inspect`: what an encoder is, without running it. */
import { defineCommand } from './command.js';
import { remarksOn, specDescription, weightsOption } from './encoder-options.js';

export const inspectCommand = defineCommand({
  usage: 'inspect <checkpoint>',
  summary: 'Say what an encoder is: family, sizes, frame rate, origin, hash',
  positionals: {
    checkpoint: { type: 'string', demandOption: true, describe: specDescription },
  },
  options: {
    seed: { type: 'number', default: 0, describe: 'Seed of random:PRESET' },
    weights: weightsOption,
  },
  examples: [
    ['inspect runs/tiny', 'A pre-trained encoder'],
    ['inspect eh-mam.pt --weights teacher --json', "The teacher's weights, for a machine"],
  ],
  async run({ checkpoint, seed, weights }, io) {
    const { loadEncoder } = await import('../encoders/load.js');
    const { describeEncoder, descriptionText } = await import('./inspect/describe.js');
    const encoder = await loadEncoder(checkpoint, seed, { weights, quiet: io.quiet });
    const description = describeEncoder(encoder);
    for (const remark of remarksOn(encoder)) io.say(remark);
    io.print(io.json ? JSON.stringify(description, null, 2) : descriptionText(description));
    return undefined;
  },
});
