/** @file `ehmam list`: the names that other commands take. */
import { defineCommand } from './command.js';
import { listOf } from './lists.js';
import { pluginOption } from './plugin-option.js';

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
  options: { plugin: pluginOption },
  examples: [
    ['list tasks', 'Tasks with their metrics and columns'],
    ['list encoders --json', 'Encoders that need no checkpoint, for a machine'],
  ],
  async run({ what, plugin }, io) {
    const { catalogue } = await import('./list/catalogue.js');
    const plugins = listOf(plugin, 'plugin') ?? [];
    if (plugins.length > 0) await (await import('../plugins/maskings.js')).loadMaskings(plugins);
    const items = await catalogue[what]();
    const width = Math.max(...items.map(({ name }) => name.length));
    io.print(
      io.json
        ? JSON.stringify(items, null, 2)
        : items.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`).join('\n'),
    );
    return undefined;
  },
});
