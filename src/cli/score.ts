/** @file `ehmam score`: judges predictions made elsewhere. */
import { knownTasks } from '../plugins/known-tasks.js';
import { defineCommand } from './command.js';

export const scoreCommand = defineCommand({
  usage: 'score <task>',
  summary: 'Judge predictions made elsewhere with the code of a task: metrics and their intervals',
  positionals: {
    task: {
      type: 'string',
      demandOption: true,
      describe: "Its name; 'ehmam list tasks --json' says which columns it needs of both files",
    },
  },
  options: {
    references: {
      type: 'string',
      demandOption: true,
      describe: "CSV: the column id and the task's own, a row each; a manifest will do",
    },
    predictions: {
      type: 'string',
      demandOption: true,
      describe: 'JSON Lines: {"id": ..., COLUMN: ...}, matched by id',
    },
    split: { type: 'string', describe: 'Rows of the references whose column split says so (default: all)' },
  },
  examples: [
    [
      'score asr --references asr.csv --split test --predictions said.jsonl',
      'Word and character error rates',
    ],
    ['score asv --references trials.csv --predictions scores.jsonl --json', 'For a machine, in percent'],
  ],
  async run({ task: name, references, predictions, split }, io) {
    const { scoreLayout, scorePredictions } = await import('../results/score/score.js');
    const { terminalText } = await import('../results/layout/terminal.js');
    const task = knownTasks.find(name);
    const scored = await scorePredictions(task, references, predictions, split);
    io.print(
      io.json
        ? JSON.stringify(scored, null, 2)
        : terminalText(scoreLayout(scored, task), { styled: io.styled, width: io.width }),
    );
    return undefined;
  },
});
