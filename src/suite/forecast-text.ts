/** @file A run's forecast as a person reads it: a line of the whole, a line a kind of job. */
import { durationText } from '../base/progress.js';
import type { Forecast, KindForecast, RunningForecast } from './forecast.js';
import { jobKinds } from './job.js';

/** `suite demo: 12 of 34 jobs, 1 failed, about 4 min left` */
export function wholeLine(title: string, forecast: Forecast): string {
  const { jobs, done, failed, workers } = forecast;
  return [
    `${title}: ${done} of ${jobs} jobs`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(workers === undefined ? [] : [`${workers} at a time`]),
    ...(done + failed < jobs ? [leftText(forecast)] : []),
  ].join(', ');
}

/** `4 min 10 s left`, `about 4 min left` where little like it was measured, `estimating` before any measure. */
export function leftText({ secondsLeft, rough }: Pick<Forecast, 'secondsLeft' | 'rough'>): string {
  if (secondsLeft === undefined) return 'estimating';
  return rough ? `about ${roughText(secondsLeft)} left` : `${durationText(secondsLeft)} left`;
}

/** Seconds to one or two digits: `40 s`, `4 min`, `1 h 50 min`. */
function roughText(seconds: number): string {
  const steps = [
    [10, 1],
    [90, 10],
    [3570, 60],
  ] as const;
  const [, step] = steps.find(([below]) => seconds < below) ?? [0, 600];
  const rounded = Math.max(step, Math.round(seconds / step) * step);
  return durationText(rounded)
    .replace(/\.0 s$/, ' s')
    .replace(/ min 00 s$/, ' min');
}

const kindWidth = Math.max(...jobKinds.map((kind) => kind.length));

/** `features   5/16, 270 s of audio/s, 25 s left: ic features of tiny 45 %` */
export function kindLine(kind: KindForecast, running: readonly RunningForecast[], aligned = true): string {
  const { jobs, done, failed, audioRate, secondsEach, secondsLeft } = kind;
  const left = done + failed < jobs && secondsLeft !== undefined ? [`${durationText(secondsLeft)} left`] : [];
  const parts = [
    `${aligned ? kind.kind.padEnd(kindWidth) : kind.kind} ${done}/${jobs}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(audioRate === undefined ? [] : [`${digits(audioRate)} s of audio/s`]),
    ...(secondsEach === undefined ? [] : [`${durationText(secondsEach)} each`]),
    ...left,
  ];
  const now = running.filter(({ job }) => job.kind === kind.kind).map(runningText);
  return `${parts.join(', ')}${now.length === 0 ? '' : `: ${now.join('; ')}`}`;
}

/** `asr head on tiny 42 % rate 0.003, dev 0.512` */
export const runningText = ({ job, share = 0, note }: RunningForecast): string =>
  [job.title, share >= 0.01 && `${Math.floor(100 * share)} %`, note].filter(Boolean).join(' ');

const digits = (value: number): string =>
  String(value >= 100 ? Math.round(value) : Number(value.toPrecision(2)));

/** All of it in lines for a terminal. */
export const forecastLines = (title: string, forecast: Forecast): string[] => [
  wholeLine(title, forecast),
  ...forecast.kinds.map((kind) => `  ${kindLine(kind, forecast.running)}`),
];

/** All of it in one line for a log. */
export const forecastLine = (title: string, forecast: Forecast): string =>
  [wholeLine(title, forecast), ...forecast.kinds.map((kind) => kindLine(kind, forecast.running, false))].join(
    '; ',
  );
