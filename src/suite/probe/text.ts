/** @file Probes as lines for a person and as scalars for TensorBoard. */
import type { Probed } from '../../results/probes-file.js';

/** What a probe found: `probe after 500 updates: ks 61.2 % (56.0 to 66.5)`. */
export function probedText({ update, task, value, interval }: Probed): string {
  const range = interval === undefined ? '' : ` (${interval.map(percent).join(' to ')})`;
  return `probe after ${update} updates: ${task} ${percent(value)} %${range}`;
}

/**
 * Whether the encoder got worse again: a line for each task whose last probe is beyond the interval of its best one.
 * @param probes of one run, updates rising
 */
export function fallenTexts(probes: readonly Probed[]): readonly string[] {
  return [...new Set(probes.map(({ task }) => task))].flatMap((task) => {
    const own = probes.filter((probe) => probe.task === task);
    const better = (a: Probed, b: Probed): boolean =>
      a.direction === 'higher' ? a.value > b.value : a.value < b.value;
    const best = own.reduce((a, b) => (better(b, a) ? b : a));
    const last = own.at(-1) as Probed;
    const bound = best.interval?.[best.direction === 'higher' ? 0 : 1];
    if (bound === undefined || !better({ ...best, value: bound }, last)) return [];
    return [
      `${task} was best after ${best.update} updates (${percent(best.value)} %) and is ${percent(last.value)} % now: fewer --steps may give a better encoder`,
    ];
  });
}

/** What a probe tells TensorBoard, by tags. */
export const probeScalars = ({ task, value }: Probed): Readonly<Record<string, number>> => ({
  [`probe/${task}`]: value,
});

const percent = (value: number): string => (100 * value).toFixed(1);
