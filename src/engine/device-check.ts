/** @file Whether a device computes as the processor does: asked at its first use, and remembered for its driver and our versions. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { userCacheFolder, writeFileAtomic } from '../base/files.js';
import { runtimeVersions } from '../base/versions.js';
import type { Engine } from './engine.js';
import { onnxEngine } from './onnx.js';
import { operatorCases } from './operator-cases.js';
import {
  checkOperators,
  differenceSchema,
  differencesText,
  type OperatorDifference,
  operatorTolerance,
} from './operator-check.js';

/** Products of TF32 have 10 bits of mantissa. */
const toleranceOfTf32 = 1e-2;

/** The environment variable with which a device is used whatever it computes: `off`. */
export const deviceCheckSwitch = 'EHMAM_DEVICE_CHECK';

/** @throws UserError (exit code 1) for a device that does not compute as the processor, naming the operators */
export async function expectRightDevice(engine: Engine): Promise<void> {
  if (process.env[deviceCheckSwitch] === 'off') return;
  const differences = await deviceDifferences(engine);
  if (differences.length > 0) throw wrongDevice(engine.provider, differences);
}

/**
 * The operators of an engine's device that give other values than the processor's: what an earlier check found, else what one finds now.
 * @param again whether to check once more what is known
 * @throws UserError for a device that runs nothing
 */
export function deviceDifferences(
  engine: Engine,
  { again = false } = {},
): Promise<readonly OperatorDifference[]> {
  const check = async (): Promise<readonly OperatorDifference[]> => {
    const found = await checkOperators(engine, await onnxEngine({ provider: 'cpu', threads: 1 }), {
      tolerance: engine.precision === 'tf32' ? toleranceOfTf32 : operatorTolerance,
    });
    const [first] = found;
    const runs = found.length < operatorCases.length || found.some(({ failure }) => failure === undefined);
    if (first !== undefined && !runs) throw cannotRun(engine, first);
    return found;
  };
  return checkedOnce(identityOf(engine), check, { again });
}

const cannotRun = ({ provider }: Engine, { failure }: OperatorDifference): UserError =>
  new UserError(`the provider ${provider} runs nothing on this machine (${failure})`, {
    exitCode: 1,
    hint: 'See `ehmam doctor`, or use --provider cpu',
  });

/** All that decides the outcome of a check. */
function identityOf({ provider, precision, deterministic, device = 'unknown' }: Engine): readonly string[] {
  const { ehmam, onnxruntime } = runtimeVersions();
  const cases = operatorCases.map(({ operator, sizes }) => `${operator} (${sizes})`);
  return [
    provider,
    precision,
    deterministic ? 'deterministic' : 'any kernels',
    device,
    ehmam,
    onnxruntime,
    ...cases,
  ];
}

const keptSchema = z.array(differenceSchema);

/**
 * What an earlier check of the same device found, else what `check` finds now.
 * @param device all that decides the outcome
 * @param again whether to check in any case, and to remember what is found instead
 */
export async function checkedOnce(
  device: readonly string[],
  check: () => Promise<readonly OperatorDifference[]>,
  { again = false } = {},
): Promise<readonly OperatorDifference[]> {
  const key = createHash('sha256').update(JSON.stringify(device)).digest('hex').slice(0, 24);
  const file = join(userCacheFolder(), 'operators', `${key}.json`);
  const known = again ? undefined : await keptIn(file);
  if (known !== undefined) return known;
  const found = await check();
  await writeFileAtomic(file, `${JSON.stringify(found)}\n`);
  return found;
}

/** Undefined where nothing is kept, or another program's: a check finds it again. */
async function keptIn(file: string): Promise<readonly OperatorDifference[] | undefined> {
  try {
    return keptSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The error for a device that does not compute as the processor. */
export function wrongDevice(provider: string, differences: readonly OperatorDifference[]): UserError {
  return new UserError(
    `the provider ${provider} does not compute as the processor: ${differencesText(differences)}`,
    {
      exitCode: 1,
      hint: `Update its driver, or use --provider cpu; ${deviceCheckSwitch}=off uses it all the same`,
    },
  );
}
