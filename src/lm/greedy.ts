/** @file The likeliest token of every frame: CTC paths as runs, and greedy texts. */

/** Frames in a row that say one token. */
export interface Run {
  readonly token: number;
  /** The first of its frames, and the first behind them. */
  readonly start: number;
  readonly end: number;
  /** Sum over its frames of the token's log-probability. */
  readonly logProbability: number;
}

/** Greedy decoding: repetitions merged, then blanks left out. */
export function collapsePath(path: ArrayLike<number>, blank: number): number[] {
  return Array.from(path).filter((token, i) => token !== blank && (i === 0 || token !== path[i - 1]));
}

/** Natural logarithms of probabilities [frames, tokens], row-major, from logits; what is log-probabilities stays so. */
export function logProbabilities(logits: Float32Array, tokens: number): Float32Array {
  const result = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += tokens) {
    const row = logits.subarray(start, start + tokens);
    const top = row.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (let i = 0; i < tokens; i++) sum += Math.exp((row[i] as number) - top);
    const shift = top + Math.log(sum);
    for (let i = 0; i < tokens; i++) result[start + i] = (row[i] as number) - shift;
  }
  return result;
}

/** Something that frames are given to, part by part. */
export interface FramePass<Result> {
  /** The next frames: log-probabilities [frames, tokens], row-major. */
  push(emissions: Float32Array): void;
  finish(): Result;
}

/** Gathers the runs of the greedy path, blanks among them. Of two tokens that are equally likely, the first counts. */
export function greedyPass(tokens: number): FramePass<Run[]> {
  const runs: Run[] = [];
  let frame = 0;
  return {
    push(emissions) {
      for (let start = 0; start < emissions.length; start += tokens, frame++) {
        let token = 0;
        for (let i = 1; i < tokens; i++)
          if ((emissions[start + i] as number) > (emissions[start + token] as number)) token = i;
        const value = emissions[start + token] as number;
        const last = runs.at(-1);
        if (last?.token === token) {
          const logProbability = last.logProbability + value;
          runs[runs.length - 1] = { ...last, end: frame + 1, logProbability };
        } else runs.push({ token, start: frame, end: frame + 1, logProbability: value });
      }
    },
    finish: () => runs,
  };
}

/** The tokens of a path's runs: blanks left out. */
export function tokensOfRuns(runs: readonly Run[], blank: number): number[] {
  return runs.flatMap(({ token }) => (token === blank ? [] : [token]));
}

/** The greedy tokens of log-probabilities or logits [frames, tokens], row-major. */
export function greedyTokens(emissions: Float32Array, tokens: number, blank: number): number[] {
  const pass = greedyPass(tokens);
  pass.push(emissions);
  return tokensOfRuns(pass.finish(), blank);
}
