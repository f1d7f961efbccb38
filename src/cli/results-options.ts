/** @file Options of the commands that read result records. */

export const resultsPositional = {
  type: 'string',
  array: true,
  demandOption: true,
  describe: 'Result folders or record.json files',
} as const;

export const baselineOption = { type: 'string', describe: 'Encoder to compare the others with' } as const;

export const metricsOption = {
  choices: ['main', 'all'],
  default: 'main',
  describe: "Show each task's main metric, or all",
} as const;
