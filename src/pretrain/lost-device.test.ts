/** @file A device that fails in the middle of a run: what is said, and that nothing is lost but what came after the last checkpoint. */
import { afterAll, expect, it } from 'vitest';
import { breakableEngine } from '../engine/device/breakable.fixture.js';
import { npmOrt } from '../engine/ort/library.js';
import type { StepLog } from './train.js';
import { logOf, melConfig, trainingPlace, weightsOf } from './training.fixture.js';

const { outOf, train, remove } = await trainingPlace('lost-device');
afterAll(remove);

it.skipIf(npmOrt() === undefined)(
  'training says that the device stopped working, keeps its checkpoint and goes on from it to the same bytes',
  async () => {
    const { engine: whole } = breakableEngine();
    await train('whole', melConfig, { engine: whole });
    const { engine, breakIt } = breakableEngine();
    const onStep = ({ step }: StepLog): void => {
      if (step === 3) breakIt();
    };
    await expect(train('cut', melConfig, { engine, onStep })).rejects.toMatchObject({
      name: 'UserError',
      exitCode: 1,
      message: expect.stringMatching(
        /^the device stopped working \(.*unspecified launch failure\)\. Run the same command with --resume: the last checkpoint is kept\. .*Xid/,
      ),
    });
    expect(await logOf(outOf('cut'))).toHaveLength(3);
    await train('cut', melConfig, { engine: whole, resume: true });
    expect(await weightsOf(outOf('cut'))).toEqual(await weightsOf(outOf('whole')));
    expect(await logOf(outOf('cut'))).toEqual(await logOf(outOf('whole')));
  },
);
