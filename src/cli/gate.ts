/** @file `ehmam gate`: stops a change that makes results worse. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';

const exitCodes = { holds: 0, regressed: 1, 'could not compare': 2 } as const;

export const gateCommand = defineCommand({
  usage: 'gate',
  summary: 'Compare fresh results with a baseline: exit 0 holds, 1 regressed, 2 could not compare',
  positionals: {},
  options: {
    baseline: { type: 'string', demandOption: true, describe: 'Folder or record.json of the baseline' },
    results: { type: 'string', demandOption: true, describe: 'Folder of the fresh results' },
    tolerance: { type: 'number', default: 1, describe: 'Percentage points that a metric may be worse' },
    level: { type: 'number', default: 0.05, describe: 'Below this corrected p-value it is no chance' },
    junit: { type: 'string', describe: 'File for JUnit XML' },
    update: {
      type: 'boolean',
      describe: 'Put the fresh results in the place of the baseline, say what changed, exit 0',
    },
    add: { type: 'boolean', describe: 'With --update: take in results that the baseline lacks' },
    incomplete: {
      type: 'boolean',
      describe: 'With --update: renew what there is, though results are missing',
    },
  },
  examples: [
    ['gate --baseline results/mini/baseline --results results/fresh', 'In a script or a workflow'],
    ['gate --baseline a --results b --junit gate.xml', 'With a report for a CI server'],
    ['gate --baseline a --results b --update', 'The change was meant: b is the baseline from now on'],
  ],
  async run({ baseline, results, tolerance, level, junit, update, add, incomplete }, io) {
    if (!(tolerance >= 0) || !(level > 0 && level < 1)) {
      throw new UserError(`--tolerance ${tolerance} with --level ${level} is not possible`, {
        hint: 'Give a tolerance from 0 and a level between 0 and 1',
      });
    }
    if (!update && (add || incomplete))
      throw new UserError(`--${add ? 'add' : 'incomplete'} is for --update`, { hint: 'Leave it out' });
    const { runGate, updateBaseline } = await import('./gate/run.js');
    if (update) {
      if (junit !== undefined)
        throw new UserError('--junit is for comparing, not for --update', { hint: 'Leave it out' });
      const { renewal, text } = await updateBaseline(baseline, results, {
        ...{ tolerance: tolerance / 100, level, width: io.width },
        ...{ add: add ?? false, incomplete: incomplete ?? false },
      });
      io.print(io.json ? JSON.stringify(renewal, null, 2) : text);
      return undefined;
    }
    const settings = { tolerance: tolerance / 100, level, junit, environment: process.env, width: io.width };
    const { report, text, annotations } = await runGate(baseline, results, settings);
    io.print(io.json ? JSON.stringify(report, null, 2) : text);
    // Workflow commands are read from either stream; this keeps stdout to the machine.
    for (const annotation of annotations) process.stderr.write(`${annotation}\n`);
    return exitCodes[report.verdict];
  },
});
