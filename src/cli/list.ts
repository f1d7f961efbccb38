/** @file `ehmam list`: the names that other commands take. */
import { defineCommand } from './command.js';
import type { CatalogueItem } from './list/catalogue.js';

export const listCommand = defineCommand({
  usage: 'list <what>',
  summary: 'List the available tasks, heads, encoders, maskings or corpora',
  positionals: {
    what: {
      type: 'string',
      choices: ['tasks', 'heads', 'encoders', 'maskings', 'corpora'],
      demandOption: true,
      describe: 'What to list',
    },
  },
  options: {},
  examples: [
    ['list tasks', 'Tasks with their metrics and columns'],
    ['list encoders --json', 'Named encoders, as JSON'],
  ],
  async run({ what }, io) {
    const { catalogue } = await import('./list/catalogue.js');
    const items: readonly CatalogueItem[] = await catalogue[what]();
    const width = Math.max(...items.map(({ name }) => name.length));
    io.print(
      io.json
        ? JSON.stringify(items, null, 2)
        : items
            .map(
              ({ name, summary, module }) =>
                `${name.padEnd(width)}  ${summary}${module === undefined ? '' : ` (${module})`}`,
            )
            .join('\n'),
    );
    return undefined;
  },
});
