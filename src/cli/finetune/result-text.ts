/** @file What a fine-tuning came to, for people. */
import { inPercent } from '../../base/decimal.js';
import type { Finetuning } from '../../results/finetuning-file.js';

/** A line a split, and what can be done with the folder. */
export function resultText(out: string, { splits, updates, bestUpdate, languageModel }: Finetuning): string {
  const percent = (value: number): string => `${inPercent(value).toFixed(2)} %`;
  const between = ([low, high]: readonly [number, number]): string => `[${percent(low)}, ${percent(high)}]`;
  const lines = Object.entries(splits).map(([name, { utterances, greedy, lm }]) => {
    const model =
      lm === undefined ? '' : `, with ${languageModel?.file} ${percent(lm.wer)} ${between(lm.interval)}`;
    return `${name}: word error rate ${percent(greedy.wer)} ${between(greedy.interval)}${model} (${utterances} utterances)`;
  });
  return [
    ...lines,
    `${out} is ready after ${updates} updates (best on dev after ${bestUpdate}): 'ehmam transcribe ${out} AUDIO' recognises speech`,
  ].join('\n');
}
