/** @file Edit distance with its alignment: which units were substituted, deleted, inserted. */

/** One step of an alignment; a step without a reference unit is an insertion, one without a hypothesis unit a deletion. */
export type AlignmentStep =
  | { readonly kind: 'hit' | 'substitution'; readonly reference: string; readonly hypothesis: string }
  | { readonly kind: 'deletion'; readonly reference: string }
  | { readonly kind: 'insertion'; readonly hypothesis: string };

export interface EditCounts {
  readonly hits: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
}

export interface Alignment extends EditCounts {
  /** From the first unit to the last. */
  readonly steps: readonly AlignmentStep[];
}

/** Substitutions, deletions and insertions together: the edit distance (Levenshtein). */
export function editsOf(counts: EditCounts): number {
  return counts.substitutions + counts.deletions + counts.insertions;
}

/**
 * The shortest way from a reference to a hypothesis, both as units (words, characters, phones).
 * Among equally short ways the one with the most substitutions at the end is taken, so the counts are the same
 * every time; only their sum is fixed by the definition.
 */
export function alignWords(reference: readonly string[], hypothesis: readonly string[]): Alignment {
  const distances = distanceTable(reference, hypothesis);
  const width = hypothesis.length + 1;
  const at = (row: number, column: number): number => distances[row * width + column] as number;
  const steps: AlignmentStep[] = [];
  let row = reference.length;
  let column = hypothesis.length;
  while (row > 0 || column > 0) {
    const from = reference[row - 1];
    const to = hypothesis[column - 1];
    if (from !== undefined && to !== undefined) {
      const kind = from === to ? 'hit' : 'substitution';
      if (at(row, column) === at(row - 1, column - 1) + (kind === 'hit' ? 0 : 1)) {
        steps.push({ kind, reference: from, hypothesis: to });
        row--;
        column--;
        continue;
      }
    }
    if (from !== undefined && at(row, column) === at(row - 1, column) + 1) {
      steps.push({ kind: 'deletion', reference: from });
      row--;
    } else {
      steps.push({ kind: 'insertion', hypothesis: to as string });
      column--;
    }
  }
  const count = (kind: AlignmentStep['kind']): number => steps.filter((step) => step.kind === kind).length;
  return {
    hits: count('hit'),
    substitutions: count('substitution'),
    deletions: count('deletion'),
    insertions: count('insertion'),
    steps: steps.reverse(),
  };
}

/** [reference + 1, hypothesis + 1], row-major: the distance between the first r and the first h units. */
function distanceTable(reference: readonly string[], hypothesis: readonly string[]): Uint32Array {
  const width = hypothesis.length + 1;
  const table = new Uint32Array((reference.length + 1) * width);
  for (let column = 0; column < width; column++) table[column] = column;
  for (let row = 1; row <= reference.length; row++) {
    table[row * width] = row;
    for (let column = 1; column < width; column++) {
      const here = row * width + column;
      const above = table[here - width] as number;
      const left = table[here - 1] as number;
      const diagonal = table[here - width - 1] as number;
      const change = reference[row - 1] === hypothesis[column - 1] ? 0 : 1;
      table[here] = Math.min(above + 1, left + 1, diagonal + change);
    }
  }
  return table;
}
