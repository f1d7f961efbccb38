/** @file Heads of verification and diarisation: interrupted trainings end as others do; labels of frames and turns. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asv } from '../../tasks/asv/index.js';
import { sd } from '../../tasks/sd/index.js';
import type { HeadResult, HeadWork, Keeping } from '../api/head-kind.js';
import type { Columns, Split } from '../api/task.js';
import { randomStream } from '../base/random.js';
import type { Pair } from '../data/pairs.js';
import { createEngine } from '../engine/create.js';
import type { Engine } from '../engine/engine.js';
import { formatTurns, parseTurns } from '../metrics/index.js';
import { parseSettings } from './settings.js';
import { frameLabels, piecesOf, turnsOfLogits } from './speaker-activity/labels.js';
import { activitySettingsSchema } from './speaker-activity/settings.js';
import { trainActivityHeads } from './speaker-activity/training.js';
import { heldFeatures, rowsOf, workOf } from './toy-work.fixture.js';
import { xVectorSettingsSchema } from './x-vector/settings.js';
import { trainXVectors } from './x-vector/training.js';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-speaker-heads-'));
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Train = (keepingOf?: HeadWork['keepingOf'], onScore?: () => void) => Promise<readonly HeadResult[]>;
const [layers, dim] = [2, 4];

function utterance(frames: number, mean: (frame: number, at: number) => number, key: string): Float32Array {
  const random = randomStream(3, key);
  return Float32Array.from({ length: layers * frames * dim }, (_, i) => {
    return mean(Math.floor(i / dim) % frames, i % dim) + 0.5 * random.normal();
  });
}

/** Three speakers to learn, two others on trial; some utterances are longer than a crop. */
const trainAsv: Train = async (keepingOf, onScore) => {
  const utterances: Float32Array[] = [];
  const made = (speaker: number) => {
    const frames = 18 + (utterances.length % 3) * 14;
    utterances.push(
      utterance(frames, (_, at) => Math.sin(speaker + at * (speaker + 1)), `u${utterances.length}`),
    );
  };
  const references: Record<Split, Columns[]> = { train: [], dev: [], test: [] };
  for (let i = 0; i < 9; i++) {
    made(i % 3);
    references.train.push({ speaker: `s${i % 3}` });
  }
  const trials: Pair[] = [];
  for (let i = 0; i < 4; i++) made(3 + (i % 2));
  for (let i = 0; i < 4; i++) made(3 + (i % 2));
  for (const [first, second] of [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ] as const) {
    const target = (second - first) % 2 === 0 ? '1' : '0';
    trials.push({
      ...{ id: `${first} ${second}`, first, second, columns: { target }, file: 'trials.csv', line: 1 },
    });
  }
  // Places are of utterances, references of trials: workOf counts places by references, and there are four of each.
  references.dev = trials.map(({ columns }) => columns);
  references.test = references.dev;
  const work = workOf(engine, heldFeatures(layers, dim, utterances), references, {
    metric: asv.metrics[0],
    score: (predictions, wanted) => {
      onScore?.();
      return asv.evaluate(rowsOf(predictions, wanted)).eer?.value ?? 1;
    },
  });
  const pairs = { dev: trials, test: trials };
  const settings = {
    ...{
      width: 5,
      pooledWidth: 6,
      batchSize: 3,
      accumulation: 2,
      cropSeconds: 0.5,
      learningRates: [1e-2, 1e-3],
    },
    ...{ maximumUpdates: 6, evaluateEvery: 2 },
  };
  const spec = { kind: 'x-vector', column: 'speaker', classes: ['s0', 's1', 's2'] } as const;
  const all = parseSettings(xVectorSettingsSchema, settings, 'asv');
  return trainXVectors({ ...work, pairs, keepingOf }, spec, all, [1]);
};

/** Two speakers, each on a dimension of its own. */
const trainSd: Train = async (keepingOf, onScore) => {
  const utterances: Float32Array[] = [];
  const made = () => {
    const i = utterances.length;
    const frames = 20 + (i % 4) * 10;
    const turns = parseTurns(`a ${(i % 3) / 10} 0.3; b 0.2 ${frames / 50}`);
    utterances.push(
      utterance(
        frames,
        (frame, at) => {
          const speaks = turns.some(
            ({ speaker, start, end }) =>
              'ab'.indexOf(speaker) === at && frame >= start * 50 && frame < end * 50,
          );
          return speaks ? 2 : 0;
        },
        `r${i}`,
      ),
    );
    return { turns: formatTurns(turns) };
  };
  const of = (size: number) => Array.from({ length: size }, made);
  const references = { train: of(8), dev: of(3), test: of(3) };
  const work = workOf(engine, heldFeatures(layers, dim, utterances), references, {
    metric: sd.metrics[0],
    score: (predictions, wanted) => {
      onScore?.();
      return sd.evaluate(rowsOf(predictions, wanted)).der?.value ?? 1;
    },
  });
  const settings = {
    ...{ lstmSize: 5, batchSize: 2, accumulation: 2, pieceFrames: 30, learningRates: [3e-2, 1e-2] },
    ...{ maximumUpdates: 6, evaluateEvery: 2 },
  };
  const spec = { kind: 'speaker-activity', column: 'turns', speakers: 2 } as const;
  const all = parseSettings(activitySettingsSchema, settings, 'sd');
  return trainActivityHeads({ ...work, keepingOf }, spec, all, [1]);
};

const said = (results: readonly HeadResult[]): unknown =>
  results.map(({ earlierSeconds: _, ...result }) => result);

describe.each([
  ['x-vector', trainAsv],
  ['speaker-activity', trainSd],
] as const)('a training of %s', (kind, train) => {
  test('that is stopped again and again ends as one that was not', async () => {
    const whole = await train();
    expect(await train().then(said)).toEqual(said(whole));
    let stops = 0;
    let ended: readonly HeadResult[] | undefined;
    while (ended === undefined) {
      const controller = new AbortController();
      const reason = new Error('stopped');
      const keepingOf = (seed: number): Keeping => ({
        file: join(folder, `${kind}-${seed}.safetensors`),
        origin: { encoder: 'a' },
        everySeconds: 1000,
        signal: controller.signal,
      });
      // At the first look of every start.
      ended = await train(keepingOf, () => controller.abort(reason)).catch((error: unknown) => {
        if (error !== reason) throw error;
        return undefined;
      });
      expect(++stops).toBeLessThan(30);
    }
    expect(said(ended)).toEqual(said(whole));
    // Three looks of each of two rates.
    expect(stops).toBeGreaterThan(3);
  });
});

describe('labels of frames', () => {
  const hop = 320;
  const labels = (turns: string, first: number, frames: number, loses = false) =>
    [...frameLabels(parseTurns(turns), { first, frames }, 2, hop, loses)].join('');

  test('a turn covers the frames from its start to its end, both rounded half to even, speakers by name', () => {
    // 0.03 s is 1.5 frames, 0.05 s 2.5, 0.07 s 3.5: all to even.
    expect(labels('b 0.03 0.07', 0, 5)).toBe('0000101000');
    expect(labels('b 0.05 0.09; a 0 0.02', 0, 5)).toBe('1000010100');
  });

  test('a turn across a whole piece is in it, unless it is lost as in s3prl', () => {
    expect(labels('a 0 1', 10, 3)).toBe('101010');
    expect(labels('a 0 1', 10, 3, true)).toBe('000000');
    // One of its ends lies in the piece.
    expect(labels('a 0.2 1', 10, 3, true)).toBe('101010');
    expect(labels('a 0.22 1', 10, 3, true)).toBe('001010');
  });

  test('pieces hold every frame once', () => {
    expect(piecesOf(4500, 2000)).toEqual([
      { first: 0, frames: 2000 },
      { first: 2000, frames: 2000 },
      { first: 4000, frames: 500 },
    ]);
    expect(piecesOf(2000, 2000)).toEqual([{ first: 0, frames: 2000 }]);
  });
});

describe('turns of logits', () => {
  const turns = (spoken: string, medianFrames: number, threshold = 0.5) =>
    formatTurns(
      turnsOfLogits(
        Float32Array.from(spoken, (mark) => (mark === 'x' ? 1 : mark === 'o' ? 0.2 : -1)),
        1,
        320,
        { threshold, medianFrames },
      ),
    );

  test('are the runs above the threshold, in seconds', () => {
    expect(turns('--xxx-x-', 1)).toBe('1 0.04 0.1; 1 0.12 0.14');
    // sigmoid(0.2) is 0.55.
    expect(turns('-oxo-', 1)).toBe('1 0.02 0.08');
    expect(turns('-oxo-', 1, 0.6)).toBe('1 0.04 0.06');
    expect(turns('----', 1)).toBe('');
  });

  test('are smoothed by a median filter that sees zeros beyond the ends', () => {
    expect(turns('xx-xx-----x--', 3)).toBe('1 0 0.1');
    expect(turns('x----', 3)).toBe('');
    expect(turns('xxx', 5)).toBe('1 0 0.06');
  });

  test('the filter is the median of its window, whatever is said', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.constantFrom(1, 3, 11),
        (said, width) => {
          const half = (width - 1) / 2;
          const median = said.map((_, i) => {
            const window = Array.from({ length: width }, (_, k) => said[i - half + k] ?? false);
            return window.filter(Boolean).length > half;
          });
          const expected = median.map((one) => (one ? 'x' : '-')).join('');
          expect(turns(said.map((one) => (one ? 'x' : '-')).join(''), width)).toBe(turns(expected, 1));
        },
      ),
    );
  });
});
