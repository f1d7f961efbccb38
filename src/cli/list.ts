/** @file `ehmam list`: the names that other commands take. */
import { defineCommand } from './command.js';
import type { CatalogueItem } from './list/catalogue.js';

export const listCommand = defineCommand({
  usage: 'list <what>',
  summary: 'Name the tasks, heads, encoders, maskings or corpora there are',
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
    ['list encoders --json', 'Encoders that have a name, for a machine'],
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
