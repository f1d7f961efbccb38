/** @file `ehmam score`: judges predictions made elsewhere. */
import { knownTasks } from '../plugins/known-tasks.js';
import { defineCommand } from './command.js';

export const scoreCommand = defineCommand({
  usage: 'score <task>',
  summary: "Score predictions of another system with a task's metrics, with intervals",
  positionals: {
    task: {
      type: 'string',
      demandOption: true,
      describe: "Name of the task; 'ehmam list tasks --json' lists the columns that it needs in both files",
    },
  },
  options: {
    references: {
      type: 'string',
      demandOption: true,
      describe: "CSV with the columns id and the task's own, one row each; a manifest works too",
    },
    predictions: {
      type: 'string',
      demandOption: true,
      describe: 'JSON Lines of predictions: {"id": ..., COLUMN: ...}, matched by id',
    },
    split: { type: 'string', describe: 'Split of the references to score (default: all rows)' },
  },
  examples: [
    [
      'score asr --references asr.csv --split test --predictions said.jsonl',
      'Word and character error rates',
    ],
    ['score asv --references trials.csv --predictions scores.jsonl --json', 'As JSON, in percent'],
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
