/** @file The engine that a command line chose. */
import type { EngineChoice } from '../engine/choice.js';
import { createEngine } from '../engine/create.js';
import type { Engine } from '../engine/engine.js';
import { type EngineRemark, remarkText } from '../engine/remarks.js';

/**
 * Makes it; what is to be known of how it runs a program is said.
 * @throws UserError as `createEngine`
 */
export function chosenEngine(
  { name, ...settings }: EngineChoice,
  say: ((text: string) => void) | undefined,
): Promise<Engine> {
  const remark = say && ((remark: EngineRemark): void => say(`ehmam: ${remarkText(remark)}`));
  return createEngine(name, settings, { ...(remark && { remark }) });
}
