/** @file `ehmam inspect`: what an encoder is, without running it. */
import { defineCommand } from './command.js';
import { remarksOn, specDescription, weightsOption } from './encoder-options.js';

export const inspectCommand = defineCommand({
  usage: 'inspect <checkpoint>',
  summary: 'Describe an encoder: family, sizes, frame rate, tokens, origin, hash',
  positionals: {
    checkpoint: { type: 'string', demandOption: true, describe: specDescription },
  },
  options: {
    seed: { type: 'number', default: 0, describe: 'Seed of random:PRESET' },
    weights: weightsOption,
    describe: {
      type: 'boolean',
      default: false,
      describe: 'For an ONNX file: write a draft of encoder.json next to it, for you to check and complete',
    },
  },
  examples: [
    ['inspect runs/tiny', 'A pre-trained encoder'],
    ['inspect eh-mam.pt --weights teacher --json', "The teacher's weights, as JSON"],
    ['inspect model.onnx', 'How its inputs and outputs are used'],
    ['inspect model.onnx --describe', 'A draft of its encoder.json'],
  ],
  async run({ checkpoint, seed, weights, describe }, io) {
    if (describe) {
      const { startText, writeStart } = await import('./inspect/start.js');
      const start = await writeStart(checkpoint);
      io.print(io.json ? JSON.stringify(start, null, 2) : startText(start));
      return undefined;
    }
    const { loadEncoder } = await import('../encoders/load.js');
    const { describeEncoder, descriptionText } = await import('./inspect/describe.js');
    const encoder = await loadEncoder(checkpoint, seed, { weights, quiet: io.quiet });
    const { readableRecognition } = await import('../encoders/recogniser.js');
    const recognition = await readableRecognition(encoder, (line) => io.say(line));
    const description = describeEncoder(encoder, recognition);
    for (const remark of remarksOn(encoder)) io.say(remark);
    io.print(io.json ? JSON.stringify(description, null, 2) : descriptionText(description));
    return undefined;
  },
});
