/** @file A study's report as Markdown: verdicts first, then what they rest on. */
import { markdownText } from '../layout/documents.js';
import { plainLayout } from '../layout/layout.js';
import type { StudyDesign } from './design.js';
import type { StudyReport, StudyTraining } from './study.js';
import type { OverSeeds, ProbeCurve } from './training.js';
import type { StudyVerdict } from './verdicts.js';

/** The whole report. It ends with a newline. */
export function studyMarkdown(report: StudyReport): string {
  const { design, missing } = report;
  const parts = [
    `# Study ${design.name}`,
    designText(design),
    ...(missing.length === 0
      ? []
      : [
          `**Not complete:** ${missing.length} of ${design.arms.length * design.tasks.length} results are missing.`,
        ]),
    ['## Verdicts', '', ...verdictLines(report).map((line) => `- ${line}`)].join('\n'),
    ...design.sizes.map((size) => resultsPart(report, size)),
    ...design.sizes.map((size) => curvesPart(report, size)).filter((part) => part !== ''),
    trainingsPart(report),
    costPart(report),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** A sentence for each comparison, then one that says how to read them. */
export function verdictLines({ verdicts, design }: StudyReport): readonly string[] {
  const tested = verdicts.filter(({ verdict }) => verdict !== 'not tested').length;
  return [
    ...verdicts.map((verdict) => verdictText(verdict, design)),
    ...(tested === 0
      ? []
      : [
          `${tested} comparison${tested === 1 ? '' : 's'}, p-values corrected by Holm; intervals are 95 %, over ${design.seeds.length} seeds and the test set`,
        ]),
  ];
}

function verdictText(verdict: StudyVerdict, { baseline, sizes }: StudyDesign): string {
  const { task, size, strategy, metric, difference, interval, pValue, detectable, why } = verdict;
  const place = sizes.length > 1 ? `${task} (${size})` : task;
  if (difference === undefined || interval === undefined || pValue === undefined)
    return `${place}: ${strategy} and ${baseline} could not be compared: ${why}`;
  const numbers = `${metric} ${signed(difference)} (${interval.map(signed).join(' to ')}), ${pText(pValue)}`;
  if (verdict.verdict !== 'no difference')
    return `${place}: ${strategy} is **${verdict.verdict}** than ${baseline}: ${numbers}`;
  const could = detectable === undefined ? '' : `; could have seen ${points(detectable)} points`;
  return `${place}: **no difference** between ${strategy} and ${baseline}: ${numbers}${could}`;
}

/** What is compared, in two sentences. */
export function designText({ strategies, baseline, seeds, budget, arms, sizes, tasks }: StudyDesign): string {
  const { frames: ofFrames, hours } = budget;
  const amount =
    ofFrames !== undefined
      ? `${ofFrames.toLocaleString('en')} frames`
      : hours !== undefined
        ? `${hours} hours of audio`
        : undefined;
  const ofSizes = sizes.map((size) => {
    const own = arms.filter((arm) => arm.size === size);
    const usual = own.find(({ strategy }) => strategy === baseline) ?? own[0];
    const { updates = 0, framesEach = 0 } = usual ?? {};
    const others = strategies.flatMap((strategy) => {
      const other = own.find((arm) => arm.strategy === strategy)?.updates ?? updates;
      return other === updates ? [] : [`${strategy}: ${other} updates`];
    });
    const frames = Math.round(updates * framesEach).toLocaleString('en');
    return [`${size}: ${updates} updates, ${frames} frames`, ...others].join(', ');
  });
  return [
    `${strategies.length} masking strategies (baseline: ${baseline}), seeds ${seeds.join(', ')}, tasks ${tasks.join(', ')}.`,
    `Each training is given ${amount === undefined ? 'the same updates' : amount} (${ofSizes.join('; ')}).`,
  ].join(' ');
}

function resultsPart({ cells, references, design, verdicts }: StudyReport, size: string): string {
  const own = cells.filter((cell) => cell.size === size);
  const heads = design.tasks.map((task) => {
    const metric = own.find((cell) => cell.task === task)?.metric ?? '';
    return `${task} ${metric} %`.replace('  ', ' ');
  });
  const mark = { better: ' ▲', worse: ' ▼', 'no difference': '', 'not tested': '' } as const;
  const rows = design.strategies.map((strategy) => {
    const values = design.tasks.map((task) => {
      const cell = own.find((each) => each.strategy === strategy && each.task === task);
      if (cell === undefined) return undefined;
      const found = verdicts.find(
        (verdict) => verdict.size === size && verdict.strategy === strategy && verdict.task === task,
      );
      return `${points(cell.mean)}${mark[found?.verdict ?? 'not tested']} ${rangeText(cell.interval)}`.trim();
    });
    return [strategy, values] as const;
  });
  const beside = [...new Set(references.map(({ encoder }) => encoder))].map((encoder) => {
    const values = design.tasks.map((task) => {
      const found = references.find((each) => each.encoder === encoder && each.task === task);
      return found && `${points(found.value)} ${rangeText(found.interval)}`.trim();
    });
    return [encoder, values] as const;
  });
  const notes = [
    'Mean over seeds, with the 95 % interval over seeds and the test set',
    ...(design.strategies.length > 2
      ? ['How much seeds change a result is estimated from all strategies']
      : []),
    `▲ better and ▼ worse than ${design.baseline}, beyond chance`,
    ...(beside.length > 0 ? ['Encoders that were not trained here have one seed of heads'] : []),
  ];
  return `## Results, ${size}\n\n${markdownText(plainLayout('Masking', heads, [...rows, ...beside], notes))}`;
}

/** Columns of a table of probes: enough to see a rise and a fall. */
const mostPoints = 8;

function curvesPart({ trainings }: StudyReport, size: string): string {
  const own = trainings.filter((training) => training.size === size);
  const tasks = [...new Set(own.flatMap(({ curves }) => curves.map(({ task }) => task)))];
  if (tasks.length === 0) return '';
  const tables = tasks.map((task) => {
    const curves = own.flatMap(({ strategy, curves: all }) => {
      const curve = all.find((each) => each.task === task);
      return curve === undefined ? [] : [{ strategy, curve }];
    });
    const updates = spread([
      ...new Set(curves.flatMap(({ curve }) => curve.points.map(({ update }) => update))),
    ]);
    const rows = curves.map(
      ({ strategy, curve }) => [strategy, updates.map((update) => pointText(curve, update))] as const,
    );
    return markdownText(plainLayout(`${task} after updates`, updates, rows));
  });
  const note =
    'Probes while training: heads on a part of train, judged on a part of dev; mean and standard deviation over seeds, in %.';
  return [`## Probes, ${size}`, note, ...tables].join('\n\n');
}

function spread(updates: readonly number[]): readonly number[] {
  const rising = [...updates].sort((a, b) => a - b);
  if (rising.length <= mostPoints) return rising;
  const step = (rising.length - 1) / (mostPoints - 1);
  return Array.from({ length: mostPoints }, (_, i) => rising[Math.round(i * step)] as number);
}

function pointText({ points: all }: ProbeCurve, update: number): string | undefined {
  const found = all.find((point) => point.update === update);
  return found && overSeedsText(found, points);
}

function trainingsPart({ trainings, design }: StudyReport): string {
  const heads = [
    'masked %',
    'hard starts %',
    'loss',
    'corr. teacher',
    'corr. student',
    'hard − random',
    'speech %',
  ];
  const row = ({ size, strategy, ...training }: StudyTraining) => {
    const { maskedFraction, hardShare, reconstruction, correlation, information, speech } = training;
    const shares = [speech.all, speech.own].map((share) => share && points(share.mean));
    return [
      design.sizes.length > 1 ? `${size}, ${strategy}` : strategy,
      [
        overSeedsText(maskedFraction, points),
        overSeedsText(hardShare, points),
        overSeedsText(reconstruction, plain),
        overSeedsText(correlation.teacher, plain),
        overSeedsText(correlation.student, plain),
        overSeedsText(information, plain),
        shares.includes(undefined) ? undefined : shares.join(' / '),
      ],
    ] as const;
  };
  const notes = [
    'Mean and standard deviation over seeds: share of masked frames and of hard starts over all updates, reconstruction loss over the last tenth of them',
    'corr.: rank correlation of predicted with actual loss within an utterance, on audio that was not trained on',
    'hard − random: how much worse the rest is reconstructed when hard frames are hidden than when as many others are',
    'speech: share among all frames / those that the strategy hides at the end of its schedule',
  ];
  return `## Trainings\n\n${markdownText(plainLayout('Masking', heads, trainings.map(row), notes))}`;
}

function costPart({ hours }: StudyReport): string {
  const all = Object.values(hours).reduce((sum, each) => sum + each, 0);
  const each = Object.entries(hours).map(([what, value]) => `${what} ${hoursText(value)}`);
  return `## Cost\n\n${hoursText(all)} hours of worker processes: ${each.join(', ')}. Jobs side by side are added up.`;
}

const hoursText = (hours: number): string => hours.toFixed(hours < 10 ? 2 : 1);
const points = (fraction: number): string => (100 * fraction).toFixed(1);
const plain = (value: number): string => value.toFixed(2);
const signed = (fraction: number): string => `${fraction < 0 ? '−' : '+'}${points(Math.abs(fraction))}`;
const pText = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`);

const rangeText = (interval: readonly [number, number] | undefined): string =>
  interval === undefined ? '' : `(${interval.map(points).join('–')})`;

function overSeedsText(value: OverSeeds | undefined, text: (value: number) => string): string | undefined {
  if (value === undefined) return undefined;
  return value.seeds > 1 ? `${text(value.mean)} ± ${text(value.deviation)}` : text(value.mean);
}
