/** @file `ehmam gate`: stops a change that makes results worse. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';

const exitCodes = { holds: 0, regressed: 1, 'could not compare': 2 } as const;

export const gateCommand = defineCommand({
  usage: 'gate',
  summary:
    'Compare new results with a baseline: exit code 0 no regression, 1 regression, 2 could not compare',
  positionals: {},
  options: {
    baseline: {
      type: 'string',
      demandOption: true,
      describe: 'Result folder or record.json of the baseline',
    },
    results: { type: 'string', demandOption: true, describe: 'Folder of the new results' },
    tolerance: {
      type: 'number',
      default: 1,
      describe: 'Largest allowed worsening of a metric, in percentage points',
    },
    level: { type: 'number', default: 0.05, describe: 'Significance level of the corrected p-value' },
    junit: { type: 'string', describe: 'JUnit XML file to write' },
    markdown: { type: 'string', describe: 'Markdown file to write: a comment for a pull request' },
  },
  examples: [
    ['gate --baseline results/mini/baseline --results results/fresh', 'In a script or CI workflow'],
    ['gate --baseline a --results b --junit gate.xml', 'With a report for a CI server'],
    ['gate --baseline a --results b --markdown gate.md', 'With a comment for a pull request (docs/ci.md)'],
  ],
  async run({ baseline, results, tolerance, level, junit, markdown }, io) {
    if (!(tolerance >= 0) || !(level > 0 && level < 1)) {
      throw new UserError(
        `--tolerance ${tolerance}, --level ${level}: expected a tolerance of 0 or more and a level between 0 and 1`,
      );
    }
    const { runGate } = await import('./gate/run.js');
    const settings = {
      ...{ tolerance: tolerance / 100, level, junit, markdown },
      ...{ environment: process.env, width: io.width },
    };
    const { report, text, annotations } = await runGate(baseline, results, settings);
    io.print(io.json ? JSON.stringify(report, null, 2) : text);
    // Workflow commands are read from either stream; this keeps stdout to the machine.
    for (const annotation of annotations) process.stderr.write(`${annotation}\n`);
    return exitCodes[report.verdict];
  },
});
