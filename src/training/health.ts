/** @file Whether training can go on: every measure is a finite number. */
import { UserError } from '../base/errors.js';
import type { HostParameters } from '../base/host-tensor.js';

/** Tensors to search for the cause, by group, in the order they were made; read only when something is wrong. */
export type Suspects = Readonly<Record<string, () => HostParameters | Promise<HostParameters>>>;

/**
 * Checks what a step measured.
 * @param update counted from 1
 * @throws UserError (exit code 1) at a measure that is not finite; it names the first tensor that is not
 */
export async function requireFinite(
  measures: Readonly<Record<string, number>>,
  update: number,
  suspects: Suspects = {},
): Promise<void> {
  const broken = Object.entries(measures).find(([, value]) => !Number.isFinite(value));
  if (broken === undefined) return;
  const first = await firstNotFinite(suspects);
  const where = first === undefined ? '' : ` (first tensor with NaN or infinity: ${first})`;
  throw new UserError(`${broken[0]} is ${broken[1]} at step ${update}${where}; the last checkpoint is kept`, {
    exitCode: 1,
    hint: 'Lower the learning rate, or resume from the checkpoint',
  });
}

async function firstNotFinite(suspects: Suspects): Promise<string | undefined> {
  for (const [group, read] of Object.entries(suspects)) {
    const found = Object.entries(await read()).find(([, { data }]) =>
      data.some((x: number) => !Number.isFinite(x)),
    );
    if (found !== undefined) return `${group} ${found[0]}`;
  }
  return undefined;
}
