/** @file `ehmam gate`: stops a change that makes results worse. */
import { defineCommand } from './command.js';
import { gateTerms, levelOption, toleranceOption } from './gate-options.js';

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
    tolerance: toleranceOption,
    level: levelOption,
    junit: { type: 'string', describe: 'JUnit XML file to write' },
  },
  examples: [
    ['gate --baseline results/mini/baseline --results results/fresh', 'In a script or CI workflow'],
    ['gate --baseline a --results b --junit gate.xml', 'With a report for a CI server'],
  ],
  async run({ baseline, results, tolerance, level, junit }, io) {
    const terms = gateTerms(tolerance, level);
    const { runGate } = await import('./gate/run.js');
    const settings = { ...terms, junit, environment: process.env, width: io.width };
    const { report, text, annotations } = await runGate(baseline, results, settings);
    io.print(io.json ? JSON.stringify(report, null, 2) : text);
    // Workflow commands are read from either stream; this keeps stdout to the machine.
    for (const annotation of annotations) process.stderr.write(`${annotation}\n`);
    return exitCodes[report.verdict];
  },
});
