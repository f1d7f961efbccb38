/** @file `ehmam study`: masking strategies compared under one budget, with a verdict for each task. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { devicesOf, engineOptions, jobsOf, jobsOption, saidOfEngine } from './engine-options.js';
import { setOption } from './set-option.js';
import { tensorboardOption } from './tensorboard-option.js';

export const studyCommand = defineCommand({
  usage: 'study [file]',
  summary: 'Compare masking strategies under equal budgets: seeds, sizes, tasks, a verdict each',
  positionals: { file: { type: 'string', describe: "Study file (JSON or YAML), or 'mini'" } },
  options: {
    out: {
      type: 'string',
      default: 'results/study',
      describe: 'Folder for encoders, results and the report',
    },
    set: setOption('budget.updates=100'),
    'dry-run': { type: 'boolean', describe: 'Show trainings and jobs, with an estimate; run nothing' },
    schema: { type: 'boolean', describe: 'Print the JSON Schema of study files, for editors' },
    jobs: jobsOption,
    devices: {
      type: 'string',
      describe: 'CUDA devices to use, one job at a time on each: 0,1 (default: all)',
    },
    tensorboard: tensorboardOption,
    launcher: { choices: ['local', 'slurm'], default: 'local', describe: 'Where jobs run' },
    detach: { type: 'boolean', describe: 'Submit the jobs to Slurm and return' },
    ...engineOptions,
  },
  examples: [
    ['study mini --dry-run', 'The built-in study: three strategies, three seeds, the mini corpus'],
    ['study study.yaml --dry-run', 'What would be trained, and how long it may take'],
    ['study study.yaml --out results/maskings', 'Train, judge, report; the same command continues'],
    ['study study.yaml --set seeds=5 --out results/maskings', 'With more seeds: only new ones are trained'],
    ['study study.yaml --out results/maskings --launcher slurm', 'Job arrays on a Slurm cluster'],
    ['study --schema', 'JSON Schema of study files, for completion in editors'],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    if (args.schema) {
      const { studyJsonSchema } = await import('../suite/study/definition.js');
      io.print(JSON.stringify(studyJsonSchema(), null, 2));
      return undefined;
    }
    const { file, launcher, detach, out } = args;
    if (file === undefined)
      throw new UserError('missing study; usage: ehmam study FILE', { hint: "See 'ehmam study --help'" });
    if (detach && launcher !== 'slurm')
      throw new UserError('--detach needs --launcher slurm', { hint: 'Remove it' });
    const { planStudy, runStudy } = await import('./study/run.js');
    const request = {
      ...{ file, out, launcher, detach, set: args.set, tensorboard: args.tensorboard },
      jobs: jobsOf(args.jobs),
      devices: devicesOf(args.devices),
      engine: saidOfEngine(args),
      plugins: io.plugins,
      quiet: io.quiet,
      signal: io.signal,
      say: io.say,
    };
    if (args['dry-run']) {
      const { planReport, planText } = await import('../suite/overview.js');
      const { designText } = await import('../results/study/text.js');
      const { graph, design } = await planStudy(request);
      const report = planReport(graph);
      io.print(
        io.json
          ? JSON.stringify({ design, plan: report }, null, 2)
          : `${designText(design)}\n\n${planText(graph, report)}`,
      );
      return report.problems.length > 0 ? 1 : undefined;
    }
    const { report, written, interrupted, summary, queued = 0 } = await runStudy(request);
    if (interrupted) return undefined;
    if (queued > 0)
      io.say(
        `${queued} jobs are in Slurm's queue; see 'ehmam status ${out}', or run the command again to wait for them`,
      );
    if (report !== undefined) {
      const { verdictLines } = await import('../results/study/text.js');
      const lines = verdictLines(report).map((line) => line.replaceAll('**', ''));
      io.print(
        io.json
          ? JSON.stringify(report, null, 2)
          : [...lines, `report: ${written.join(', ')}; curves: ehmam report ${out} --out study.html`].join(
              '\n',
            ),
      );
    }
    if (summary === undefined) return undefined;
    process.stderr.write(`${summary}\n`);
    return 1;
  },
});
