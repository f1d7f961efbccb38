/** @file `ehmam gate`: stops a change that makes results worse. */
import { UserError } from '../base/errors.js';
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
    markdown: { type: 'string', describe: 'Markdown file to write: a comment for a pull request' },
    update: {
      type: 'boolean',
      describe: 'Replace the baseline with the new results, list what changed, exit with 0',
    },
    add: { type: 'boolean', describe: 'With --update: also add results that the baseline does not have' },
    incomplete: {
      type: 'boolean',
      describe: 'With --update: replace what there is, even if results are missing',
    },
  },
  examples: [
    ['gate --baseline results/mini/baseline --results results/fresh', 'In a script or CI workflow'],
    ['gate --baseline a --results b --junit gate.xml', 'With a report for a CI server'],
    ['gate --baseline a --results b --markdown gate.md', 'With a comment for a pull request (docs/ci.md)'],
    ['gate --baseline a --results b --update', 'The change was meant: b is the baseline from now on'],
  ],
  async run({ baseline, results, tolerance, level, junit, markdown, update, add, incomplete }, io) {
    const terms = gateTerms(tolerance, level);
    if (!update && (add || incomplete)) throw new UserError(`--${add ? 'add' : 'incomplete'} needs --update`);
    const { runGate, updateBaseline } = await import('./gate/run.js');
    if (update) {
      if ((junit ?? markdown) !== undefined)
        throw new UserError('--update cannot be used together with --junit or --markdown');
      const { renewal, text } = await updateBaseline(baseline, results, {
        ...terms,
        width: io.width,
        ...{ add: add ?? false, incomplete: incomplete ?? false },
      });
      io.print(io.json ? JSON.stringify(renewal, null, 2) : text);
      return undefined;
    }
    const settings = { ...terms, junit, markdown, environment: process.env, width: io.width };
    const { report, text, annotations } = await runGate(baseline, results, settings);
    io.print(io.json ? JSON.stringify(report, null, 2) : text);
    // Workflow commands are read from either stream; this keeps stdout to the machine.
    for (const annotation of annotations) process.stderr.write(`${annotation}\n`);
    return exitCodes[report.verdict];
  },
});
