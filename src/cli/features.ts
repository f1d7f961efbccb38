/** @file `ehmam features`: the hidden states of one audio file. */
import { defineCommand } from './command.js';
import { specDescription, weightsOption } from './encoder-options.js';
import { engineOptions, engineSettings } from './engine-options.js';

export const featuresCommand = defineCommand({
  usage: 'features <spec> <audio>',
  summary: 'Write the hidden states of one audio file',
  positionals: {
    spec: {
      type: 'string',
      demandOption: true,
      describe: specDescription,
    },
    audio: { type: 'string', demandOption: true, describe: 'Audio file' },
  },
  options: {
    out: {
      type: 'string',
      demandOption: true,
      describe: 'safetensors file to write: hidden.0, hidden.1, ...',
    },
    seed: { type: 'number', default: 0, describe: 'Seed of random:PRESET' },
    weights: weightsOption,
    ...engineOptions,
  },
  examples: [
    ['features fbank a.wav --out a.safetensors', 'Log-mel features'],
    ['features runs/tiny a.flac --out a.safetensors', 'Every layer of a pre-trained encoder'],
  ],
  async run(args, io) {
    const { writeFeatures } = await import('./features/write.js');
    const written = await writeFeatures({
      spec: args.spec,
      audio: args.audio,
      out: args.out,
      seed: args.seed,
      weights: args.weights,
      engine: engineSettings(args),
      quiet: io.quiet,
      remark: io.say,
    });
    const { encoder, seconds, layers, file } = written;
    io.print(
      io.json
        ? JSON.stringify(written, null, 2)
        : [
            `${encoder.name} (${encoder.family}, ${encoder.hash.slice(0, 8)}) over ${seconds.toFixed(2)} s of audio`,
            ...layers.map(({ name, shape }) => `  ${name} [${shape.join(', ')}]`),
            `written to ${file}`,
          ].join('\n'),
    );
    return undefined;
  },
});
