/** @file Recipes are settings that every preset takes, and their table says what analyses found. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisReport } from '../../src/pretrain/analyse/of-run.js';
import { pretrainPreset } from '../../src/pretrain/config.js';
import { withConfigFile } from '../../src/pretrain/config-file.js';
import { predictionTable } from './prediction-table.js';
import { variants } from './variants.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-recipe-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(variants)('the recipe $name', ({ name, settings }) => {
  it.each(['tiny', 'small'])('replaces settings of %s', async (preset) => {
    const file = join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(settings));
    const { config } = await withConfigFile(pretrainPreset(preset), file);
    expect(config).toMatchObject(settings);
  });
});

it('no two recipes have one name', () => {
  expect(new Set(variants.map(({ name }) => name)).size).toBe(variants.length);
});

it('the table has a line an encoder, with intervals of two standard errors', () => {
  const found = {
    rankCorrelation: { withinUtterance: { mean: 0.3, standardError: 0.05 }, pooled: 0.3 },
    calibration: { bins: [], error: 0.04 },
  };
  const none = { rankCorrelation: { withinUtterance: undefined, pooled: undefined }, calibration: undefined };
  const report = {
    predictors: {
      student: found,
      averagedFromTargets: none,
      averagedFromEncoder: none,
      studentFromTargets: none,
      studentFromEncoder: found,
    },
    repeatability: { withinUtterance: { mean: 0.5, standardError: 0.05 }, pooled: 0.5 },
    information: { difference: { mean: -0.03, standardError: 0.04 } },
  } as unknown as AnalysisReport;
  const [, , line] = predictionTable(new Map([['mine', report]])).split('\n');
  expect(line).toBe(
    '| mine | 0.30 [0.20, 0.40] (0.040) | - | - | - | 0.30 [0.20, 0.40] (0.040) | 0.50 [0.40, 0.60] | -0.03 [-0.11, 0.05] |',
  );
});
