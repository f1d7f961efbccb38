/** @file `ehmam compare`: result records as one table. */
import { knownTasks } from '../plugins/known-tasks.js';
import { compareRecords, comparisonFormats, formatComparison, readRecords } from '../results/index.js';
import { withLayers } from '../results/layers.js';
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
  },
  examples: [
    ['compare results/demo', 'The table of the demo'],
    ['compare results/demo --baseline fbank', 'With differences from FBANK'],
    ['compare runs/a runs/b --format latex', 'Two runs, as LaTeX'],
    ['compare results/superb --published superb --superb-score', 'With published results'],
  ],
  async run({ results, baseline, format, metrics, json, published, 'superb-score': scored }, io) {
    const records = await readRecords(results);
    const compared = compareRecords(records, { baseline, metrics });
    const full = metrics === 'all' ? compared : compareRecords(records, { metrics: 'all' });
    const { comparison: tested, untested } = await withSignificance(compared, records, knownTasks.all());
    for (const why of untested) io.say(why);
    const beside = published === undefined ? tested : withPublished(tested, published);
    const comparison = await withLayers(withScore(beside, full, scored === true), records);
    io.print(formatComparison(comparison, json ? 'json' : format, { styled: io.styled, width: io.width }));
    return undefined;
  },
});
