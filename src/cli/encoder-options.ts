/** @file The options that say which encoder is meant, and the remarks that reading one leads to. */
import type { Encoder } from '../encoders/encoder.js';

/** For commands that take any SPEC. */
export const specDescription =
  "Encoder: a checkpoint's folder or .pt file, an ONNX file, hf:OWNER/NAME, a name (ehmam list encoders), or random:PRESET";

export const weightsOption = {
  choices: ['student', 'teacher'],
  describe: 'Which weights to load from a .pt checkpoint (default: student)',
} as const;

/** What a user should know about how the encoder was read, one line each. */
export function remarksOn({ spec, notes = [] }: Encoder): string[] {
  return notes.map((note) => `${spec}: ${note}`);
}
