/** @file `ehmam lm`: makes n-gram language models. */
import { defineCommand } from './command.js';

export const lmCommand = defineCommand({
  usage: 'lm <action>',
  summary: 'Build an n-gram language model (ARPA) from a text',
  positionals: { action: { choices: ['build'], demandOption: true, describe: 'What to do' } },
  options: {
    text: { type: 'string', demandOption: true, describe: 'Text file, one sentence per line' },
    order: { type: 'number', default: 3, describe: 'Order of the model: longest n-gram, in words' },
    out: { type: 'string', demandOption: true, describe: 'ARPA file to write' },
  },
  examples: [
    ['lm build --order 3 --text train.txt --out train.arpa', 'Modified Kneser-Ney smoothing, no pruning'],
  ],
  async run(args, io) {
    const { buildLm } = await import('./lm/build.js');
    const counts = await buildLm(args);
    io.print(
      io.json
        ? JSON.stringify({ out: args.out, ngrams: counts })
        : `${args.out}: ${counts.map((count, i) => `${count} ${i + 1}-grams`).join(', ')}`,
    );
    return undefined;
  },
});
