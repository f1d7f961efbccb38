/** @file `ehmam compare`: result records as one table. */
import { UserError } from '../base/errors.js';
import { knownTasks } from '../plugins/known-tasks.js';
import { findFinetuningFiles } from '../results/finetunings.js';
import { compareRecords, comparisonFormats, formatComparison, readRecords } from '../results/index.js';
import { withLayers } from '../results/layers.js';
import { precisionRemark } from '../results/precision.js';
import { withPublished, withScore } from '../results/published.js';
import { withSignificance } from '../results/significance.js';
import { defineCommand } from './command.js';
import { baselineOption, metricsOption, resultsPositional } from './results-options.js';

export const compareCommand = defineCommand({
  usage: 'compare <results..>',
  summary: 'Show results as one table: encoders by tasks',
  positionals: { results: resultsPositional },
  options: {
    baseline: baselineOption,
    format: { choices: comparisonFormats, default: 'table', describe: 'Format of the table' },
    published: { type: 'string', describe: 'Add published rows: superb, or superb:NAME,NAME' },
    'superb-score': {
      type: 'boolean',
      describe: 'Show the SUPERB score even if results of some of its tasks are missing',
    },
    metrics: metricsOption,
    power: {
      type: 'boolean',
      describe: 'Say what difference from the baseline each test set could have shown',
    },
  },
  examples: [
    ['compare results/demo', 'The table of the demo'],
    ['compare results/demo --baseline fbank', 'With differences from FBANK'],
    ['compare results/demo --baseline fbank --power', 'And the differences that the test sets could show'],
    ['compare runs/a runs/b --format latex', 'Two runs, as LaTeX'],
    ['compare results/superb --published superb --superb-score', 'With published results'],
  ],
  async run(args, io) {
    const { results, baseline, format, metrics, json, published, 'superb-score': scored, power } = args;
    if (power && baseline === undefined)
      throw new UserError('--power needs --baseline', {
        hint: 'Name the encoder to compare the others with',
      });
    const records = await readRecords(results);
    const tuned = (await findFinetuningFiles(results)).length;
    if (tuned > 0)
      io.say(
        `also found ${tuned} fine-tuned recognisers: see 'ehmam paper low-resource ${results.join(' ')}'`,
      );
    const precisions = precisionRemark(records);
    if (precisions !== undefined) io.say(precisions);
    const compared = compareRecords(records, { baseline, metrics });
    const full = metrics === 'all' ? compared : compareRecords(records, { metrics: 'all' });
    const { comparison: tested, untested } = await withSignificance(compared, records, knownTasks.all());
    for (const why of untested) io.say(why);
    const beside = published === undefined ? tested : withPublished(tested, published);
    const comparison = await withLayers(withScore(beside, full, scored === true), records);
    io.print(
      formatComparison(comparison, json ? 'json' : format, { styled: io.styled, width: io.width, power }),
    );
    return undefined;
  },
});
