/** @file `ehmam card`: a model card for people and for the Hugging Face hub. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { specDescription, weightsOption } from './encoder-options.js';

export const cardCommand = defineCommand({
  usage: 'card <items..>',
  summary: 'Write a model card: Markdown with a model-index for the Hugging Face hub',
  positionals: {
    items: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: `${specDescription}; and result folders or record.json files`,
    },
  },
  options: {
    out: { type: 'string', describe: 'File to write (default: print it)' },
    encoder: { type: 'string', describe: 'Encoder in the results to describe, if no SPEC is given' },
    seed: { type: 'number', default: 1337, describe: 'Random seed of random:PRESET' },
    weights: weightsOption,
  },
  examples: [
    [
      'card runs/tiny results/mine --out runs/tiny/README.md',
      'Description, training and results of an encoder',
    ],
    ['card results/mine --encoder tiny', 'From results only'],
  ],
  async run({ items, out, encoder, seed, weights }, io) {
    const { cardOf } = await import('./card/write.js');
    const card = await cardOf({ items, encoder, seed, weights, quiet: io.quiet });
    for (const remark of card.remarks) io.say(remark);
    if (out === undefined) {
      io.print(io.json ? JSON.stringify(card, null, 2) : card.text.trimEnd());
      return undefined;
    }
    if (!out.endsWith('.md'))
      throw new UserError(`--out '${out}': expected a Markdown file, such as README.md`);
    const { writeFileAtomic } = await import('../base/files.js');
    await writeFileAtomic(out, card.text);
    io.print(io.json ? JSON.stringify({ out, records: card.records }, null, 2) : `written to ${out}`);
    return undefined;
  },
});
