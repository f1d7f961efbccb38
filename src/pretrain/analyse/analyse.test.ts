/** @file The analysis of a pre-training, on a toy run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Utterance } from '../../data/manifest.js';
import { loadEncoder } from '../../encoders/load.js';
import type { Engine } from '../../engine/engine.js';
import { engineUnderTest } from '../../engine/engines.fixture.js';
import { pretrain } from '../train.js';
import { convConfig, interrupting, melConfig, trainingEngine, writeUtterances } from '../training.fixture.js';
import { type Analysis, analyse } from './analyse.js';
import { drawUtterance } from './picture.js';
import { encoderHashOf, readPretrained } from './pretrained.js';
import { summarize } from './summary.js';
import type { UtteranceFindings } from './utterance.js';

let folder: string;
let utterances: Utterance[];
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-analyse-'));
  utterances = await writeUtterances(folder);
  engine = await trainingEngine();
  await pretrain({ config: melConfig, utterances, out: join(folder, 'run'), engine, quiet: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = { seed: 1, shown: undefined, quiet: true };
const run = async (spec: string, change: Partial<typeof options> = {}, of = utterances) =>
  analyse(engine, await readPretrained(spec), of, { ...options, ...change });

const sum = (shares: Readonly<Record<string, number>>): number =>
  Object.values(shares).reduce((total, share) => total + share, 0);

describe('an analysis', () => {
  let analysis: Analysis;
  let shown: UtteranceFindings;
  beforeAll(async () => {
    ({ analysis, shown } = await run(join(folder, 'run')));
  });

  it('looks at every utterance', () => {
    expect(analysis).toMatchObject({ utterances: 5, tooShort: 0 });
    // Half a second to a second each, cut to half seconds: 24 frames of 20 ms, 49 for the last.
    expect(analysis.frames).toBe(4 * 24 + 49);
  });

  it('correlates predicted with actual loss, within utterances and over all', () => {
    for (const { withinUtterance, pooled } of Object.values(analysis.rankCorrelation)) {
      expect(Math.abs(withinUtterance?.mean as number)).toBeLessThanOrEqual(1);
      expect(withinUtterance?.standardError).toBeGreaterThan(0);
      expect(Math.abs(pooled as number)).toBeLessThanOrEqual(1);
    }
  });

  it('says how far the actual loss is the same where other frames are masked', () => {
    const { withinUtterance, pooled } = analysis.repeatability;
    expect(withinUtterance?.mean).toBeLessThan(1);
    expect(pooled).toBeGreaterThan(analysis.rankCorrelation.teacher.pooled as number);
  });

  it('says the same of every predictor that could stand in the place of the teacher', () => {
    const { averagedFromTargets, student, ...others } = analysis.predictors;
    // The released one is what the run chose masks by.
    expect(averagedFromTargets.rankCorrelation).toEqual(analysis.rankCorrelation.teacher);
    expect(student.rankCorrelation).toEqual(analysis.rankCorrelation.student);
    for (const { rankCorrelation, calibration } of Object.values(others)) {
      expect(rankCorrelation).not.toEqual(averagedFromTargets.rankCorrelation);
      expect(calibration?.error).toBeLessThanOrEqual(1);
    }
  });

  it('says what the masked frames are: shares that add up', () => {
    const { aligned, byEnergy, ...shares } = analysis.regions;
    expect({ aligned, byEnergy }).toEqual({ aligned: 0, byEnergy: 5 });
    for (const each of Object.values(shares)) expect(sum(each ?? {})).toBeCloseTo(1, 9);
    // The run chose its masks so.
    expect(shares.maskedOwn).toEqual(shares.maskedHard);
  });

  it('plays the schedule from its first epoch to its last', () => {
    const [first, last] = [analysis.schedule[0], analysis.schedule.at(-1)];
    expect(first).toMatchObject({ epoch: 0, hardShare: 1 / 150 });
    expect(last).toMatchObject({ epoch: 149, hardShare: 0.8 });
    for (const point of analysis.schedule) {
      expect(point.maskedFraction).toBeGreaterThan(0);
      expect(point.randomMaskedFraction).toBeLessThan(0.6);
      expect(point.hardSpanOverlap ?? 0).toBeGreaterThanOrEqual(0);
    }
  });

  it('compares the loss of the rest with hard and with other frames hidden', () => {
    const { hard, random, difference } = analysis.information;
    expect(hard.mean).toBeGreaterThan(0);
    expect(random.mean).toBeGreaterThan(0);
    expect(difference.mean).toBeCloseTo(hard.mean - random.mean, 9);
  });

  it('is the same again, other masks with another seed, and much the same on an eager engine', async () => {
    expect((await run(join(folder, 'run'))).analysis).toEqual(analysis);
    expect((await run(join(folder, 'run'), { seed: 2 })).analysis).not.toEqual(analysis);
    const pretrained = await readPretrained(join(folder, 'run'));
    const eager = await analyse(await engineUnderTest('wasm'), pretrained, utterances.slice(0, 1), options);
    const compiled = await analyse(engine, pretrained, utterances.slice(0, 1), options);
    for (const kind of ['hard', 'random'] as const)
      expect(eager.analysis.information[kind].mean).toBeCloseTo(compiled.analysis.information[kind].mean, 3);
  });

  it('draws waveform, both losses and the mask of an utterance', () => {
    const svg = drawUtterance({ ...shown, id: 'a <b> & "c"' });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('a &lt;b&gt; &amp; &quot;c&quot;');
    const points = [...svg.matchAll(/points="([^"]*)"/g)].map(([, text]) => (text as string).split(' '));
    expect(points.map((each) => each.length)).toEqual([24, 24]);
    const masked = Array.from(shown.masks.hard).join('').match(/1+/g) ?? [];
    expect(svg.match(/class="mask"/g)).toHaveLength(masked.length);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it('is told in lines that fit a terminal', () => {
    const text = summarize(analysis);
    expect(text).toContain('5 utterances, 145 frames');
    expect(text).not.toMatch(/NaN|undefined/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});

describe('what can be analysed', () => {
  it('is known by the hash of its encoder: of a run, and of a file of the official trainer', async () => {
    for (const spec of [join(folder, 'run'), 'test/fixtures/ehmam-official/tiny.pt'])
      expect(encoderHashOf(await readPretrained(spec))).toBe((await loadEncoder(spec)).hash);
  });

  it('a run that is not finished, from its last checkpoint', async () => {
    const controller = new AbortController();
    const stopping = interrupting(engine, 2, () => controller.abort());
    const out = join(folder, 'unfinished');
    const { signal } = controller;
    await pretrain({ config: convConfig, utterances, out, engine: stopping, quiet: true, signal });
    expect((await readPretrained(out)).files).toEqual([join(out, 'checkpoints', 'step-2.safetensors')]);
    expect((await run(out, {}, utterances.slice(0, 2))).analysis.utterances).toBe(2);
  });

  it('a checkpoint of the official trainer', async () => {
    const official = await readPretrained('test/fixtures/ehmam-official/tiny.pt');
    expect(official.masking).toMatchObject({ span: 5, epochs: 150 });
    const { analysis } = await analyse(engine, official, utterances.slice(0, 2), options);
    expect(analysis.rankCorrelation.teacher.pooled).toBeDefined();
  });

  it.each([
    ['nowhere', /nowhere: is not a pre-training run\. Pass a folder written by 'ehmam pretrain --out'/],
    ['test/fixtures/torch-files/list.pt', /list\.pt: is a torch file, but not a checkpoint/],
  ])('nothing else: %s', async (spec, message) => {
    await expect(readPretrained(spec)).rejects.toThrow(message);
  });

  it('only utterances that are long enough; the one to draw must be there', async () => {
    const [first] = utterances as [Utterance];
    const short = { ...first, id: 'short', durationSeconds: 0.2 };
    expect((await run(join(folder, 'run'), {}, [short, first])).analysis).toMatchObject({
      utterances: 1,
      tooShort: 1,
    });
    await expect(run(join(folder, 'run'), {}, [short])).rejects.toThrow(/no utterance is long enough/);
    const named = (shown: string) =>
      readPretrained(join(folder, 'run')).then((p) =>
        analyse(engine, p, [short, first], { ...options, shown }),
      );
    await expect(named('none')).rejects.toThrow(/the manifest has no utterance 'none'/);
    await expect(named('short')).rejects.toThrow(/the utterance 'short' is not long enough/);
    expect((await named('u0')).shown.id).toBe('u0');
  });
});
