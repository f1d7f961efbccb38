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
 * Among equally short ways the one of jiwer (rapidfuzz) is taken, so that substitutions, deletions and insertions are
 * counted as others count them: equal beginnings and ends are matched first; then, from the end on, a deletion goes
 * before an insertion and an insertion before a change.
 */
export function alignUnits(reference: readonly string[], hypothesis: readonly string[]): Alignment {
  const start = commonLength(reference, hypothesis, (units, i) => units[i]);
  const end = commonLength(reference.slice(start), hypothesis.slice(start), (units, i) => units.at(-1 - i));
  const hit = (unit: string): AlignmentStep => ({ kind: 'hit', reference: unit, hypothesis: unit });
  const steps = [
    ...reference.slice(0, start).map(hit),
    ...changes(
      reference.slice(start, reference.length - end),
      hypothesis.slice(start, hypothesis.length - end),
    ),
    ...reference.slice(reference.length - end).map(hit),
  ];
  const count = (kind: AlignmentStep['kind']): number => steps.filter((step) => step.kind === kind).length;
  return {
    hits: count('hit'),
    substitutions: count('substitution'),
    deletions: count('deletion'),
    insertions: count('insertion'),
    steps,
  };
}

/** How many units in a row are equal, from one side on. */
function commonLength(
  a: readonly string[],
  b: readonly string[],
  at: (units: readonly string[], i: number) => string | undefined,
): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && at(a, length) === at(b, length)) length++;
  return length;
}

/** The steps between two sequences, traced back through the table of distances. */
function changes(reference: readonly string[], hypothesis: readonly string[]): AlignmentStep[] {
  const distances = distanceTable(reference, hypothesis);
  const width = hypothesis.length + 1;
  const at = (row: number, column: number): number => distances[row * width + column] as number;
  const steps: AlignmentStep[] = [];
  let row = reference.length;
  let column = hypothesis.length;
  while (row > 0 || column > 0) {
    const from = reference[row - 1];
    const to = hypothesis[column - 1];
    if (from !== undefined && (to === undefined || at(row, column) === at(row - 1, column) + 1)) {
      steps.push({ kind: 'deletion', reference: from });
      row--;
    } else if (
      to !== undefined &&
      (from === undefined || at(row, column - 1) === at(row - 1, column - 1) - 1)
    ) {
      steps.push({ kind: 'insertion', hypothesis: to });
      column--;
    } else {
      steps.push({
        kind: from === to ? 'hit' : 'substitution',
        reference: from as string,
        hypothesis: to as string,
      });
      row--;
      column--;
    }
  }
  return steps.reverse();
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
