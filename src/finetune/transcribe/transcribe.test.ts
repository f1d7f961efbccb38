/** @file Recordings to transcripts: short ones as they are, long ones in windows, words and tokens with their times. */
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleRateHz } from '../../audio/index.js';
import { randomStream } from '../../base/random.js';
import { toyEncoders } from '../../encoders/toy-encoders.fixture.js';
import { createEngine } from '../../engine/create.js';
import { normals } from '../../engine/engines.fixture.js';
import { type OpenRecogniser, openRecogniser } from './recogniser.js';
import { spokenTones, toneRecogniser } from './tones.fixture.js';
import { transcribe } from './transcribe.js';
import { greedyWords, transcriptOf } from './transcript.js';
import { checkWindows, emissionsOf, type ReadPart, type Windows } from './windows.js';

let tones: OpenRecogniser;
beforeAll(async () => {
  tones = openRecogniser(await createEngine('onnx', { threads: 1 }), await toneRecogniser());
});

const readingOf =
  (samples: Float32Array): ReadPart =>
  async (start, most) =>
    samples.slice(Math.round(start * sampleRateHz), Math.round((start + most) * sampleRateHz));

async function emissionsIn(recogniser: OpenRecogniser, samples: Float32Array, windows: Windows) {
  const parts: number[] = [];
  const longest: number[] = [];
  for await (const { emissions } of emissionsOf(recogniser, readingOf(samples), windows)) {
    longest.push(emissions.length);
    for (const value of emissions) parts.push(value);
  }
  return { all: Float32Array.from(parts), parts: longest.length };
}

/** Convolutions of other lengths sum in another order. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  const most = actual.reduce((sum, value, i) => Math.max(sum, Math.abs(value - (expected[i] as number))), 0);
  expect(most).toBeLessThan(1e-4);
}

const usual: Windows = { windowSeconds: 20, overlapSeconds: 4 };

describe('transcribe', () => {
  it('gives words and tokens with the seconds that they are said in', async () => {
    const { words, tokens, ...whole } = await transcribe(tones, readingOf(spokenTones('AB C')), usual);
    expect(whole).toMatchObject({ text: 'AB C', duration: 0.48 });
    expect(whole.confidence).toBeGreaterThan(0.5);
    expect(tokens.map(({ token }) => token)).toEqual(['A', 'B', 'C']);
    // Tones stand at 0.02 to 0.10 s of each 0.12 s; a frame is 25 ms wide, and they are 10 ms apart.
    for (const [i, place] of [0, 1, 3].entries()) {
      expect(Math.abs((tokens[i]?.start ?? 0) - (0.12 * place + 0.02))).toBeLessThanOrEqual(0.025);
      expect(Math.abs((tokens[i]?.end ?? 0) - (0.12 * place + 0.1))).toBeLessThanOrEqual(0.025);
    }
    expect(words.map(({ word, start, end }) => [word, start, end])).toEqual([
      ['AB', tokens[0]?.start, tokens[1]?.end],
      ['C', tokens[2]?.start, tokens[2]?.end],
    ]);
  });

  it('equals a single pass where the recording is no longer than a window, whatever looks at all of it', async () => {
    const recogniser = await attentive();
    const samples = noise(1.5);
    const windows = { windowSeconds: 1.5, overlapSeconds: 0.5 };
    const { all, parts } = await emissionsIn(recogniser, samples, windows);
    expect(parts).toBe(1);
    expect(all).toEqual(await recogniser.emissions(samples));
  });

  it('gives the frames and the text of a single pass where frames look no further than half an overlap', async () => {
    const text = 'ABC CAB BACA CC A BBC '.repeat(4).trim();
    const samples = spokenTones(text);
    const windows = { windowSeconds: 2, overlapSeconds: 0.5, blockSeconds: 5 };
    const { all, parts } = await emissionsIn(tones, samples, windows);
    expect(parts).toBeGreaterThan(5);
    expectClose(all, await tones.emissions(samples));
    expect((await transcribe(tones, readingOf(samples), windows)).text).toBe(text);
  });

  it.each([2, 3.5, 5, 5.01, 6.5])('covers a recording of %d s once', async (seconds) => {
    const samples = noise(seconds);
    const windows = { windowSeconds: 2, overlapSeconds: 0.5, blockSeconds: 3 };
    expectClose((await emissionsIn(tones, samples, windows)).all, await tones.emissions(samples));
  });

  it('stays close to a single pass where every frame looks at all others', async () => {
    const recogniser = await attentive();
    const samples = noise(6);
    const whole = await recogniser.emissions(samples);
    const { all } = await emissionsIn(recogniser, samples, { windowSeconds: 3, overlapSeconds: 1 });
    expect(all).toHaveLength(whole.length);
    // Untrained weights look as far as they can. Probabilities of four tokens move by this much on the mean.
    const moved = all.reduce(
      (sum, value, i) => sum + Math.abs(Math.exp(value) - Math.exp(whole[i] as number)),
      0,
    );
    expect(moved / all.length).toBeLessThan(0.05);
  });

  it('gives nothing of silence', async () => {
    const said = await transcribe(tones, readingOf(new Float32Array(8000)), usual);
    expect(said).toEqual({ text: '', confidence: null, duration: 0.5, words: [], tokens: [] });
  });

  it('stops between windows', async () => {
    const stop = new AbortController();
    const options = {
      windowSeconds: 2,
      overlapSeconds: 0.5,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    };
    const stopped = transcribe(tones, readingOf(noise(6)), options);
    await expect(stopped).rejects.toThrow('aborted');
  });

  it.each([
    [20, 0.4],
    [7, 4],
    [20, -1],
  ])('refuses windows of %d s that share %d s', (windowSeconds, overlapSeconds) => {
    expect(() => checkWindows({ windowSeconds, overlapSeconds })).toThrow('invalid windows');
  });
});

describe('the words of a path', () => {
  const alphabet = {
    tokens: ['-', '<unk>', '|', 'A', 'B'],
    ...{ blank: 0, boundary: '|', special: [0, 1], lowerCase: false },
  };
  // A A - <unk> - B | | - A, two frames each but the first.
  const runs = [
    { token: 3, start: 0, end: 1, logProbability: Math.log(0.5) },
    { token: 0, start: 1, end: 2, logProbability: 0 },
    { token: 1, start: 2, end: 3, logProbability: 0 },
    { token: 4, start: 3, end: 5, logProbability: 2 * Math.log(0.8) },
    { token: 2, start: 5, end: 6, logProbability: 0 },
    { token: 0, start: 6, end: 7, logProbability: 0 },
    { token: 2, start: 7, end: 8, logProbability: 0 },
    { token: 3, start: 8, end: 9, logProbability: Math.log(0.9) },
  ];

  it('are cut at boundaries; special tokens are none of them', () => {
    const words = greedyWords({ alphabet }, runs);
    expect(words.map(({ word }) => word)).toEqual(['AB', 'A']);
    expect(greedyWords({ alphabet }, [])).toEqual([]);
    const {
      text,
      confidence,
      words: timed,
      tokens,
    } = transcriptOf({ alphabet, hopSamples: 320 }, words, 0.2);
    expect(text).toBe('AB A');
    // The geometric mean over frames: (0.5 * 0.8 * 0.8) ^ (1/3) = 0.684, of all four (0.32 * 0.9) ^ (1/4) = 0.7326.
    expect(timed).toEqual([
      { word: 'AB', start: 0, end: 0.1, confidence: 0.684 },
      { word: 'A', start: 0.16, end: 0.18, confidence: 0.9 },
    ]);
    expect(confidence).toBe(0.7326);
    expect(tokens.map(({ token, start }) => [token, start])).toEqual([
      ['A', 0],
      ['B', 0.06],
      ['A', 0.16],
    ]);
  });
});

/** Every frame looks at all others; frames of 20 ms, four tokens. */
async function attentive(): Promise<OpenRecogniser> {
  const [, make] = toyEncoders.find(([name]) => name === 'ehmam, log-mel frames, norms first') ?? [];
  const encoder = await make?.();
  if (encoder === undefined) throw new Error('there is no such encoder');
  const recognition = {
    ...{ tokens: ['-', '|', 'A', 'B'], blank: 0, boundary: '|', special: [0], lowerCase: false },
    weight: normals([4, encoder.dims.at(-1) as number], 'weight'),
    bias: normals([4], 'bias'),
  };
  return openRecogniser(await createEngine('onnx', { threads: 1 }), { encoder, recognition });
}

function noise(seconds: number): Float32Array {
  const random = randomStream(3, 'noise', Math.round(seconds * 100));
  return Float32Array.from({ length: Math.round(seconds * sampleRateHz) }, () => 0.1 * random.normal());
}
