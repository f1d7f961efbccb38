/** @file How well each run's predictors foresee the actual loss, as a table in Markdown. */
import type { AnalysisReport } from '../../src/pretrain/analyse/of-run.js';

type Predictor = keyof AnalysisReport['predictors'];

const columns: Readonly<Record<Predictor, string>> = {
  student: "student's own",
  averagedFromTargets: 'averaged, targets',
  averagedFromEncoder: 'averaged, encoder',
  studentFromTargets: "student's, targets",
  studentFromEncoder: "student's, encoder",
};

/**
 * Rank correlations within an utterance with 95 % intervals (two standard errors over utterances), the calibration error in
 * parentheses; the actual loss with itself where other frames are masked; how much worse the rest is reconstructed with hard frames hidden than with others.
 */
export function predictionTable(analyses: ReadonlyMap<string, AnalysisReport>): string {
  const predictors = Object.keys(columns) as Predictor[];
  const rows = [...analyses].map(([name, { predictors: found, repeatability, information }]) => [
    name,
    ...predictors.map((predictor) => {
      const { rankCorrelation, calibration } = found[predictor];
      const { withinUtterance } = rankCorrelation;
      if (withinUtterance === undefined) return '-';
      const error = calibration === undefined ? '' : ` (${calibration.error.toFixed(3)})`;
      return `${interval(withinUtterance)}${error}`;
    }),
    repeatability.withinUtterance === undefined ? '-' : interval(repeatability.withinUtterance),
    interval(information.difference),
  ]);
  const head = ['encoder', ...Object.values(columns), 'actual, again', 'hard minus random'];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function interval({
  mean,
  standardError,
}: {
  readonly mean: number;
  readonly standardError: number;
}): string {
  const [low, high] = [mean - 1.96 * standardError, mean + 1.96 * standardError];
  return `${mean.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}
