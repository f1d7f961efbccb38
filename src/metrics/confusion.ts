/** @file Which class was taken for which, and the macro-averaged F1 that follows from it. */
import type { StatisticMetric } from './metric-value.js';
import { indexUnits, timesDrawn } from './statistic.js';

export interface Confusion {
  /** Sorted; of references and predictions together. */
  readonly classes: readonly string[];
  /** [reference][prediction]: how many utterances. */
  readonly counts: readonly (readonly number[])[];
}

/** The confusion matrix of labels that stand in the same order. */
export function confusionMatrix(predictions: readonly string[], references: readonly string[]): Confusion {
  if (predictions.length !== references.length) {
    throw new Error(`${predictions.length} predictions for ${references.length} references`);
  }
  const classes = [...new Set([...references, ...predictions])].sort();
  const place = new Map(classes.map((name, i) => [name, i]));
  const counts = classes.map(() => new Array<number>(classes.length).fill(0));
  references.forEach((reference, i) => {
    const row = counts[place.get(reference) as number] as number[];
    const column = place.get(predictions[i] as string) as number;
    row[column] = (row[column] as number) + 1;
  });
  return { classes, counts };
}

/** The mean over classes of F1 = 2 · right / (predicted + true), as scikit-learn's `average="macro"`. */
export function macroF1({ classes, counts }: Confusion): number {
  if (classes.length === 0) throw new Error('no class');
  const scores = classes.map((_, k) => {
    const right = counts[k]?.[k] ?? 0;
    const wanted = (counts[k] ?? []).reduce((sum, count) => sum + count, 0);
    const predicted = counts.reduce((sum, row) => sum + (row[k] ?? 0), 0);
    return (2 * right) / (wanted + predicted);
  });
  return scores.reduce((sum, score) => sum + score, 0) / classes.length;
}

/**
 * The macro-averaged F1 as a statistic over units: rows, or speakers whose rows are drawn together. Of a draw, classes
 * that neither references nor predictions hold do not count. A draw takes time linear in the rows.
 * @param units what each row is drawn with, in the order of the rows
 */
export function macroF1Statistic(
  predictions: readonly string[],
  references: readonly string[],
  units: readonly string[],
): StatisticMetric {
  const confusion = confusionMatrix(predictions, references);
  const place = new Map(confusion.classes.map((name, i) => [name, i]));
  const placesOf = (labels: readonly string[]): Int32Array =>
    Int32Array.from(labels, (label) => place.get(label) as number);
  const [predicted, wanted] = [placesOf(predictions), placesOf(references)];
  const { units: all, index } = indexUnits(units);
  return {
    value: macroF1(confusion),
    units: all,
    redraw: (drawn) => {
      const times = timesDrawn(drawn, all.length);
      const right = new Float64Array(place.size);
      const counted = new Float64Array(place.size);
      for (let row = 0; row < wanted.length; row++) {
        const count = times[index[row] as number] as number;
        const [is, should] = [predicted[row] as number, wanted[row] as number];
        counted[is] = (counted[is] as number) + count;
        counted[should] = (counted[should] as number) + count;
        if (is === should) right[is] = (right[is] as number) + count;
      }
      let [sum, classes] = [0, 0];
      for (const [k, count] of counted.entries()) {
        if (count === 0) continue;
        sum += (2 * (right[k] as number)) / count;
        classes++;
      }
      return sum / classes;
    },
  };
}
