/** @file What is left of a run that fails, and of a folder that was damaged. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readCheckpoint, writeCheckpoint } from '../training/checkpoint-file.js';
import { keptSchema } from '../training/keeper.js';
import { pretrainOrigin } from './checkpoint.js';
import type { TrainingState } from './step.js';
import { pretrain } from './train.js';
import {
  logOf,
  melConfig,
  oneStepConfig,
  trainingEngine,
  trainingPlace,
  weightsOf,
} from './training.fixture.js';

const { outOf, train, interrupt, utterances, folder, remove } = await trainingPlace('damage');
afterAll(remove);

const checkpoints = async (name: string): Promise<string[]> =>
  (await readdir(join(outOf(name), 'checkpoints'))).sort();

describe('nothing is left half-written', () => {
  it('by a run that fails at its first audio file: the same call can be made again', async () => {
    const broken = utterances.map((each) => ({ ...each, path: join(folder, 'broken.wav') }));
    await writeFile(join(folder, 'broken.wav'), 'no audio');
    const engine = await trainingEngine();
    const out = outOf('first file broken');
    await expect(
      pretrain({ config: melConfig, utterances: broken, out, engine, quiet: true }),
    ).rejects.toThrow(/test\.csv:\d: utterance 'u\d': .*broken\.wav: is not a supported audio file/);
    expect(existsSync(out)).toBe(false);
    expect(await train('first file broken', oneStepConfig)).toMatchObject({ finished: true });
  });

  it('by a first step that is not finite', async () => {
    const config = { ...oneStepConfig, masking: { ...melConfig.masking, noise: Number.MAX_VALUE } };
    await expect(train('not finite at once', config)).rejects.toThrow(/at step 1/);
    expect(existsSync(outOf('not finite at once'))).toBe(false);
  });

  it('where checkpoints stand without their settings: they are left alone', async () => {
    await mkdir(join(outOf('strange'), 'checkpoints'), { recursive: true });
    await writeFile(join(outOf('strange'), 'checkpoints', 'step-5.safetensors'), '');
    await expect(train('strange', oneStepConfig)).rejects.toThrow(
      /strange: contains checkpoints, but no config/,
    );
    expect(await checkpoints('strange')).toEqual(['step-5.safetensors']);
  });
});

describe('a checkpoint that is damaged', () => {
  const name = 'damaged';
  const newest = (): string => join(outOf(name), 'checkpoints', 'step-4.safetensors');

  it('is passed over with a remark: the run goes on from the one before, to the same weights', async () => {
    await train('whole', melConfig);
    await interrupt(name, melConfig, 4);
    expect(await checkpoints(name)).toEqual(['step-2.safetensors', 'step-4.safetensors']);
    await truncate(newest(), 500);
    await writeFile(join(outOf(name), 'checkpoints', '.step-6.safetensors.17-0123abcd.tmp'), 'killed');
    const remarks: string[] = [];
    const engine = await trainingEngine();
    const say = (remark: string): number => remarks.push(remark);
    const options = {
      config: melConfig,
      utterances,
      out: outOf(name),
      engine,
      quiet: true,
      resume: true,
      say,
    };
    expect(await pretrain(options)).toMatchObject({ finished: true });
    expect(remarks).toEqual([
      expect.stringMatching(/step-4\.safetensors: is truncated.*\. Resuming from step 2$/),
    ]);
    expect(await weightsOf(outOf(name))).toEqual(await weightsOf(outOf('whole')));
    expect(await logOf(outOf(name))).toEqual(await logOf(outOf('whole')));
    expect(await readdir(join(outOf(name), 'checkpoints'))).not.toContainEqual(expect.stringMatching(/tmp$/));
  });

  it('is an error of the file where there is no other', async () => {
    for (const file of await checkpoints(name)) await truncate(join(outOf(name), 'checkpoints', file), 100);
    await expect(train(name, melConfig, { resume: true })).rejects.toThrow(
      /step-6\.safetensors: is truncated/,
    );
  });

  it('of other shapes is an error of the file and its tensor, whatever else is there', async () => {
    const other = 'other shapes';
    await interrupt(other, melConfig, 4);
    const [from, to] = ['step-2.safetensors', 'step-4.safetensors'].map((file) =>
      join(outOf(other), 'checkpoints', file),
    ) as [string, string];
    const origin = pretrainOrigin({ config: melConfig });
    const reading = await readCheckpoint(from, origin, keptSchema(z.custom<TrainingState>()));
    if ('damage' in reading) throw reading.damage;
    const { state, update } = reading.state;
    const student = Object.entries(state.student).filter(([key]) => !key.endsWith('alibi_scale'));
    await writeCheckpoint(to, origin, { update, state: { ...state, student: Object.fromEntries(student) } });
    await expect(train(other, melConfig, { resume: true })).rejects.toThrow(
      /step-4\.safetensors: student .*alibi_scale is missing or has the wrong shape\. Start again/,
    );
  });
});
