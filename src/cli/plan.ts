/** @file `ehmam plan`: the jobs of a suite, what is done of them, what the rest may take. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { requestOf, suiteOptions } from './run.js';

export const planCommand = defineCommand({
  usage: 'plan [suite]',
  summary: 'Show the jobs of a suite: which are done, and an estimate for the rest',
  positionals: {
    suite: { type: 'string', describe: "Suite file (JSON or YAML), or the name 'mini' or 'mini-superb'" },
  },
  options: {
    ...suiteOptions,
    out: { type: 'string', default: 'results/plan', describe: 'Results folder of the run' },
    schema: { type: 'boolean', describe: 'Print the JSON Schema of suite files, for editors' },
  },
  examples: [
    [
      'plan suite.yaml --out results/all',
      "Shows what 'ehmam run --suite suite.yaml --out results/all' would do",
    ],
    ['plan --schema', 'JSON Schema of suite files, for completion in editors'],
  ],
  async run(args, io) {
    if (args.schema) {
      const { suiteJsonSchema } = await import('../suite/schema.js');
      io.print(JSON.stringify(suiteJsonSchema(), null, 2));
      return undefined;
    }
    const { suite } = args;
    if (suite === undefined) {
      throw new UserError('missing suite; usage: ehmam plan SUITE', { hint: "See 'ehmam plan --help'" });
    }
    const { graphOf } = await import('./run/from-suite.js');
    const { planReport, planText } = await import('../suite/overview.js');
    const graph = await graphOf({ ...requestOf({ ...args, suite }, io) });
    const report = planReport(graph);
    io.print(io.json ? JSON.stringify(report, null, 2) : planText(graph, report));
    return report.problems.length > 0 ? 1 : undefined;
  },
});
