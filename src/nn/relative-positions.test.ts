/** @file Positions of frames to each other: against the definitions, written out pair by pair. */
import { describe, expect, it } from 'vitest';
import { floatsOf } from '../base/host-tensor.js';
import { distance, engineUnderTest, normals, runOn, testEngines } from '../engine/engines.fixture.js';
import type * as tf from '../engine/ops.js';
import { distanceProducts, distances, pairScores, rotated, sinusoids } from './relative-positions.js';

const [heads, frames, channels] = [2, 5, 4];
const x = normals([1, frames, heads * channels], 'x');

describe.each(testEngines)('positions on %s', (engine) => {
  it('go from the largest distance down', async () => {
    const { y } = await runOn(engine, (inputs: { x: tf.Tensor }) => ({ y: distances(inputs.x) }), { x });
    expect([...y.data].map((value) => value + 0)).toEqual([5, 4, 3, 2, 1, 0, -1, -2, -3, -4]);
  });

  it("give every pair the score of its distance, query's index less key's", async () => {
    const queries = normals([2, heads, frames, channels], 'queries');
    const keys = normals([heads, 2 * frames, channels], 'keys');
    const { scores } = await runOn(
      engine,
      (inputs: { queries: tf.Tensor; keys: tf.Tensor }) => {
        const like = inputs.queries.slice([0, 0, 0, 0], [2, heads, frames, 1]).tile([1, 1, 1, frames]);
        return { scores: pairScores(distanceProducts(inputs.queries, inputs.keys), like) };
      },
      { queries, keys },
    );
    expect(scores.shape).toEqual([2, heads, frames, frames]);
    const [q, k, s] = [floatsOf(queries), floatsOf(keys), floatsOf(scores)];
    for (let row = 0; row < 2 * heads * frames; row++) {
      const [head, i] = [Math.floor(row / frames) % heads, row % frames];
      for (let j = 0; j < frames; j++) {
        const place = head * 2 * frames + frames - (i - j);
        let product = 0;
        for (let c = 0; c < channels; c++)
          product += (q[row * channels + c] as number) * (k[place * channels + c] as number);
        expect(s[row * frames + j]).toBeCloseTo(product, 4);
      }
    }
  });

  it('have sines and cosines in turn, of frequencies that fall to one ten thousandth', async () => {
    const { y } = await runOn(
      engine,
      (inputs: { x: tf.Tensor }) => ({ y: sinusoids(distances(inputs.x), 4) }),
      { x },
    );
    expect(y.shape).toEqual([10, 4]);
    for (let row = 0; row < 10; row++) {
      const d = 5 - row;
      const expected = [Math.sin(d), Math.cos(d), Math.sin(d / 100), Math.cos(d / 100)];
      for (const [i, value] of expected.entries()) expect(y.data[row * 4 + i]).toBeCloseTo(value, 5);
    }
  });

  it('turn the halves of every head against each other', async () => {
    const { y } = await runOn(engine, (inputs: { x: tf.Tensor }) => ({ y: rotated(inputs.x, heads, 100) }), {
      x,
    });
    const [before, after] = [floatsOf(x), floatsOf(y)];
    for (let frame = 0; frame < frames; frame++)
      for (let head = 0; head < heads; head++)
        for (const [c, rate] of [1, 0.1].entries()) {
          const at = (frame * heads + head) * channels + c;
          const [a, b] = [before[at] as number, before[at + 2] as number];
          const [cos, sin] = [Math.cos(frame * rate), Math.sin(frame * rate)];
          expect(after[at]).toBeCloseTo(a * cos - b * sin, 5);
          expect(after[at + 2]).toBeCloseTo(b * cos + a * sin, 5);
        }
  });
});

it('are the same at every length in one program', async () => {
  const fn = (inputs: { x: tf.Tensor }) => {
    const queries = inputs.x.reshape([1, -1, heads, channels]).transpose([0, 2, 1, 3]);
    const content = queries.matMul(queries, false, true);
    const keys = sinusoids(distances(inputs.x), channels).expandDims(0);
    return {
      scores: pairScores(distanceProducts(queries, keys), content),
      turned: rotated(inputs.x, heads, 50),
    };
  };
  const compiled = (await engineUnderTest('onnx')).compile(fn, { name: 'positions', dynamicAxes: { x: 1 } });
  const eager = (await engineUnderTest('cpu')).compile(fn, { name: 'positions' });
  for (const length of [1, 2, 7, 30]) {
    const input = { x: normals([1, length, heads * channels], 'x') };
    const [outputs, expected] = [await compiled.run(input), await eager.run(input)];
    expect(distance(outputs.scores, expected.scores)).toBeLessThan(1e-5);
    expect(distance(outputs.turned, expected.turned)).toBeLessThan(1e-5);
  }
});
