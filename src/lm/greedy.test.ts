/** @file Greedy CTC paths: collapsed, as runs, and part by part. */
import { expect, test } from 'vitest';
import { randomStream } from '../base/random.js';
import { collapsePath, greedyPass, greedyTokens, logProbabilities } from './greedy.js';

test('greedy decoding merges repetitions, then drops blanks', () => {
  expect(collapsePath([0, 3, 3, 0, 3, 5, 5, 0, 0], 0)).toEqual([3, 3, 5]);
  expect(collapsePath(Int32Array.of(0, 0), 0)).toEqual([]);
});

test('log-probabilities are those of a softmax, whatever is added to the logits', () => {
  // softmax of (0, ln 3): a quarter and three quarters.
  const logits = Float32Array.of(0, Math.log(3), 1000, 1000 + Math.log(3));
  const found = [...logProbabilities(logits, 2)].map(Math.exp);
  for (const [i, wanted] of [0.25, 0.75, 0.25, 0.75].entries()) expect(found[i]).toBeCloseTo(wanted, 3);
});

test('a path is the same whether its frames come at once or in parts', () => {
  const [frames, tokens] = [40, 4];
  const random = randomStream(5, 'emissions', 0);
  const emissions = Float32Array.from({ length: frames * tokens }, () => Math.round(-3 * random.uniform()));
  const path = Array.from({ length: frames }, (_, frame) => {
    const row = emissions.subarray(frame * tokens, (frame + 1) * tokens);
    return row.indexOf(Math.max(...row));
  });
  const pass = greedyPass(tokens);
  for (let frame = 0; frame < frames; frame += 3)
    pass.push(emissions.subarray(frame * tokens, (frame + 3) * tokens));
  const runs = pass.finish();
  expect(runs.flatMap(({ token, start, end }) => Array(end - start).fill(token))).toEqual(path);
  expect(runs.every((run, i) => run.token !== runs[i + 1]?.token)).toBe(true);
  expect(runs.reduce((sum, { logProbability }) => sum + logProbability, 0)).toBe(
    path.reduce((sum, token, frame) => sum + (emissions[frame * tokens + token] as number), 0),
  );
  expect(greedyTokens(emissions, tokens, 0)).toEqual(collapsePath(path, 0));
});
