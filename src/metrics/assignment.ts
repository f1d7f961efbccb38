/** @file The one-to-one assignment of rows to columns with the largest sum (Hungarian method, Kuhn 1955; Jonker and Volgenant 1987). */

/**
 * @param gains [rows][columns], none negative
 * @returns of every row its column, -1 where there are fewer columns than rows
 */
export function bestAssignment(gains: readonly (readonly number[])[]): number[] {
  const rows = gains.length;
  const columns = gains[0]?.length ?? 0;
  const size = Math.max(rows, columns);
  const costOf = (row: number, column: number): number => -(gains[row]?.[column] ?? 0);
  // Places are counted from 1; 0 is where a search starts.
  const [ofRow, ofColumn] = [new Float64Array(size + 1), new Float64Array(size + 1)];
  const rowAt = new Int32Array(size + 1);
  for (let row = 1; row <= size; row++) {
    rowAt[0] = row;
    const cheapest = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY);
    const seen = new Uint8Array(size + 1);
    const before = new Int32Array(size + 1);
    let column = 0;
    do {
      seen[column] = 1;
      const from = rowAt[column] as number;
      let [delta, next] = [Number.POSITIVE_INFINITY, 0];
      for (let j = 1; j <= size; j++) {
        if (seen[j]) continue;
        const cost = costOf(from - 1, j - 1) - (ofRow[from] as number) - (ofColumn[j] as number);
        if (cost < (cheapest[j] as number)) {
          cheapest[j] = cost;
          before[j] = column;
        }
        if ((cheapest[j] as number) < delta) [delta, next] = [cheapest[j] as number, j];
      }
      for (let j = 0; j <= size; j++) {
        if (seen[j]) {
          ofRow[rowAt[j] as number] = (ofRow[rowAt[j] as number] as number) + delta;
          ofColumn[j] = (ofColumn[j] as number) - delta;
        } else cheapest[j] = (cheapest[j] as number) - delta;
      }
      column = next;
    } while (rowAt[column] !== 0);
    while (column !== 0) {
      const earlier = before[column] as number;
      rowAt[column] = rowAt[earlier] as number;
      column = earlier;
    }
  }
  const assigned = new Array<number>(rows).fill(-1);
  for (let j = 1; j <= columns; j++) {
    const row = (rowAt[j] as number) - 1;
    if (row < rows) assigned[row] = j - 1;
  }
  return assigned;
}
