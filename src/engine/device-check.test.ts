/** @file The first use of a device: compared with the processor once for its driver and our versions, and refused where it parts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { checkedOnce, deviceDifferences, expectRightDevice } from './device-check.js';
import type { Engine } from './engine.js';
import { engineUnderTest } from './engines.fixture.js';
import { firstChanged, wrongEngine } from './wrong-engine.fixture.js';

const cache = mkdtempSync(join(tmpdir(), 'ehmam-operators-'));
beforeEach(() => vi.stubEnv('EHMAM_CACHE', cache));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(cache, { recursive: true }));

it('what was found is kept for a device with its driver and versions, also without a difference', async () => {
  let checks = 0;
  const check = async () => {
    checks++;
    return checks === 1 ? [] : [{ operator: 'Conv', sizes: 'odd', difference: Number.MAX_VALUE }];
  };
  const device = ['cuda', 'H100', '580.65.06', '1.30.0'];
  expect(await checkedOnce(device, check)).toEqual([]);
  expect(await checkedOnce(device, check)).toEqual([]);
  const updated = [...device.slice(0, 2), '580.95.05', '1.30.0'];
  for (let i = 0; i < 2; i++)
    expect(await checkedOnce(updated, check)).toMatchObject([{ operator: 'Conv', sizes: 'odd' }]);
  expect(checks).toBe(2);
  await checkedOnce(device, check, { again: true });
  expect(await checkedOnce(device, check)).toHaveLength(1);
});

const onDevice = async (device: string): Promise<Engine> => ({
  ...(await engineUnderTest('device')),
  provider: 'webgpu',
  device,
});

it('a device that computes as the processor may be used, and one that does not is refused by the operator', async () => {
  await expectRightDevice(await onDevice('right'));
  const wrong = wrongEngine(await onDevice('wrong'), 'Conv (144', firstChanged(0.5));
  await expect(expectRightDevice(wrong)).rejects.toThrow(
    /^the provider webgpu does not compute as the processor: Conv \(144 .*\) differs by .*\. Update its driver, or use --provider cpu; EHMAM_DEVICE_CHECK=off uses it all the same$/,
  );
  vi.stubEnv('EHMAM_DEVICE_CHECK', 'off');
  await expectRightDevice(wrong);
});

it('what was found is not sought again until it is asked for', async () => {
  const right = await onDevice('mended');
  const wrong = wrongEngine(right, 'Exp ([1])', firstChanged(0.5));
  expect(await deviceDifferences(wrong)).toHaveLength(1);
  expect(await deviceDifferences(right)).toHaveLength(1);
  expect(await deviceDifferences(right, { again: true })).toEqual([]);
  expect(await deviceDifferences(wrong)).toEqual([]);
});

it('of a device that runs nothing one reason is given, and none is kept', async () => {
  const engine = wrongEngine(await onDevice('absent'), '', () => {
    throw new Error('no supported adapters');
  });
  for (let i = 0; i < 2; i++)
    await expect(expectRightDevice(engine)).rejects.toThrow(
      'the provider webgpu runs nothing on this machine (no supported adapters). See `ehmam doctor`, or use --provider cpu',
    );
});
