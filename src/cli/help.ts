/** @file `ehmam help`: the pages of documentation, in the terminal. */
import { defineCommand } from './command.js';

export const helpCommand = defineCommand({
  usage: 'help [topic]',
  summary: 'Print a page of the documentation, or the list of topics',
  positionals: { topic: { type: 'string', describe: 'The page: tasks, suites, formats, ...' } },
  options: {},
  examples: [
    ['help', 'The topics'],
    ['help troubleshooting', 'The commonest errors and what to do'],
  ],
  async run({ topic }, io) {
    const { readTopic, topics } = await import('./help/pages.js');
    if (topic !== undefined) {
      const text = await readTopic(topic);
      io.print(io.json ? JSON.stringify({ topic, text }) : text);
      return undefined;
    }
    const all = await topics();
    const width = Math.max(...all.map(({ name }) => name.length));
    const lines = all.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`);
    io.print(
      io.json
        ? JSON.stringify(all, null, 2)
        : [
            "Topics of 'ehmam help TOPIC':",
            ...lines,
            '',
            "'ehmam COMMAND --help' shows a command's options.",
          ].join('\n'),
    );
    return undefined;
  },
});
