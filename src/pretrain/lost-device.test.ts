/** @file A device that fails in the middle of a run: what is said, and that nothing is lost but what came after the last checkpoint. */
import { afterAll, expect, it } from 'vitest';
import { hostAccelerator } from '../engine/device/accelerator.js';
import { breakable } from '../engine/device/breakable.fixture.js';
import { engineOnDevice } from '../engine/onnx.js';
import { npmOrt, type OrtLibrary } from '../engine/ort/library.js';
import type { StepLog } from './train.js';
import { logOf, melConfig, trainingPlace, weightsOf } from './training.fixture.js';

const { outOf, train, remove } = await trainingPlace('lost-device');
afterAll(remove);

const engineOn = (device: Parameters<typeof engineOnDevice>[0]) =>
  engineOnDevice(device, { provider: 'cuda', threads: 1 });

it.skipIf(npmOrt() === undefined)(
  'training says that the device stopped working, keeps its checkpoint and goes on from it to the same bytes',
  async () => {
    const host = hostAccelerator(npmOrt() as OrtLibrary);
    await train('whole', melConfig, { engine: engineOn(host) });
    const { accelerator, breakIt } = breakable(host);
    const onStep = ({ step }: StepLog): void => {
      if (step === 3) breakIt();
    };
    await expect(train('cut', melConfig, { engine: engineOn(accelerator), onStep })).rejects.toMatchObject({
      name: 'UserError',
      exitCode: 1,
      message: expect.stringMatching(
        /^the device stopped working \(.*unspecified launch failure\)\. Run the same command with --resume: the last checkpoint is kept\. .*Xid/,
      ),
    });
    expect(await logOf(outOf('cut'))).toHaveLength(3);
    await train('cut', melConfig, { engine: engineOn(host), resume: true });
    expect(await weightsOf(outOf('cut'))).toEqual(await weightsOf(outOf('whole')));
    expect(await logOf(outOf('cut'))).toEqual(await logOf(outOf('whole')));
  },
);
