/** @file A table before it has a format: heads, rows of cells, notes below. */

export interface Layout {
  /** Above the labels of the rows. */
  readonly corner: string;
  /** The lines of every column's head. */
  readonly heads: readonly (readonly string[])[];
  readonly rows: readonly LayoutRow[];
  /** Sentences below the table: what its marks mean, where values come from. */
  readonly notes: readonly string[];
}

export interface LayoutRow {
  readonly label: string;
  /** One a column; undefined where there is nothing to show. */
  readonly cells: readonly (LayoutCell | undefined)[];
}

export interface LayoutCell {
  readonly value: string;
  /** Whether it is set in bold. */
  readonly best: boolean;
  /** Beneath the value: its interval, seeds, difference. */
  readonly details: readonly string[];
}

/** A cell of a value alone. */
export function plainCell(value: string): LayoutCell {
  return { value, best: false, details: [] };
}

/** A table of values alone. */
export function plainLayout(
  corner: string,
  heads: readonly (string | number)[],
  rows: readonly (readonly [label: string, values: readonly (string | number | undefined)[]])[],
  notes: readonly string[] = [],
): Layout {
  return {
    corner,
    heads: heads.map((head) => [String(head)]),
    rows: rows.map(([label, values]) => ({
      label,
      cells: values.map((value) => (value === undefined ? undefined : plainCell(String(value)))),
    })),
    notes,
  };
}
