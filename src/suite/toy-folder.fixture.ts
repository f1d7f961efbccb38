/** @file Encoders small enough for suites in tests, as folders that a SPEC names. */
import { join } from 'node:path';
import { exportFolder } from '../cli/export/folder.js';
import { encoderOf } from '../encoders/checkpoint.js';
import { configure } from '../encoders/configured.js';
import { startParameters } from '../encoders/parameter-specs.js';
import { convConfig } from '../pretrain/training.fixture.js';

/** Samples from one frame to the next. */
export const toyHop = 8;

const config = {
  ...convConfig.encoder,
  frontend: { type: 'conv', layers: [[16, 10, toyHop]] },
  width: 16,
  position: { kernel: 3, layers: 1, groups: 4 },
};

/**
 * Writes an untrained encoder into a folder of that name.
 * @returns its SPEC
 */
export async function writeToyEncoder(folder: string, name: string, seed: number): Promise<string> {
  const spec = join(folder, name);
  const configured = configure(config, name);
  await exportFolder(
    encoderOf(name, spec, configured, startParameters(configured.specs, seed)),
    spec,
    undefined,
  );
  return spec;
}
