/** @file Which class was taken for which, and the macro-averaged F1 that follows from it. */

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
