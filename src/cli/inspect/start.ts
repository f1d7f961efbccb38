/** @file A first description of an ONNX file, and what its user is told of it. */
import { UserError } from '../../base/errors.js';
import { isGraphSpec } from '../../encoders/load.js';
import { type Start, writeStart as write } from '../../encoders/onnx/starting-description.js';

/**
 * Writes `encoder.json` beside an ONNX file.
 * @throws UserError for what is no ONNX file, and as `writeStart` of the encoders
 */
export async function writeStart(spec: string): Promise<Start> {
  if (await isGraphSpec(spec)) return write(spec);
  throw new UserError(`'${spec}' is not an ONNX file`, {
    hint: '--describe works only on ONNX files and their folders',
  });
}

/** The description, and what it leaves open. */
export function startText({ path, description, questions }: Start): string {
  const open =
    questions.length === 0 ? ['check it against the settings that the model was trained with'] : questions;
  return [
    JSON.stringify(description, null, 2),
    `written to ${path}; please check and complete:`,
    ...open.map((each) => `- ${each}`),
  ].join('\n');
}
