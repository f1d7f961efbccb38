/** @file Asymmetric dynamic time warping of a query in a document, with open begin and end. */

/**
 * The least mean distance along a path that takes every frame of the query once and in order, begins and ends anywhere in
 * the document, and moves on by none, one or two of its frames from one frame of the query to the next. As dtw-python's
 * step pattern `asymmetric` with open begin and end: its distance over the length of the query.
 * @param distances [rows, frames], row-major, from `start` on: frames of the query by frames of the document
 * @param room as many numbers as the document has frames: what stands in it is lost
 */
export function alignmentCost(
  distances: Float32Array,
  start: number,
  rows: number,
  frames: number,
  room: Float64Array,
): number {
  // room[j]: the least sum of a path that ends at frame j. The row before the first is 0 everywhere.
  for (let j = 0; j < frames; j++) room[j] = distances[start + j] as number;
  for (let row = 1; row < rows; row++) {
    const at = start + row * frames;
    // From the end on, so that what stands before j is still of the row above.
    let here = room[frames - 1] as number;
    let before = frames > 1 ? (room[frames - 2] as number) : Infinity;
    for (let j = frames - 1; j > 1; j--) {
      const second = room[j - 2] as number;
      const least = here < before ? here : before;
      room[j] = (distances[at + j] as number) + (least < second ? least : second);
      here = before;
      before = second;
    }
    if (frames > 1) {
      room[1] = (distances[at + 1] as number) + (here < before ? here : before);
      here = before;
    }
    room[0] = (distances[at] as number) + here;
  }
  let least = Infinity;
  for (let j = 0; j < frames; j++) if ((room[j] as number) < least) least = room[j] as number;
  return least / rows;
}
