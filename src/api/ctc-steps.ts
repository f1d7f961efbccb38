/** @file What CTC needs to say a text. */

/** Steps of the shortest path of CTC: one a token, and a blank between equal ones. */
export function ctcSteps(tokens: readonly number[]): number {
  return tokens.reduce((steps, token, i) => steps + (token === tokens[i - 1] ? 2 : 1), 0);
}
