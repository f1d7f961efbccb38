/** @file Sessions of ONNX Runtime on host tensors: how they are made, and how a model is run in one. */

import { outputName } from './model-names.js';
import type { Session } from './model-session.js';
import { npmOrt, type OrtLibrary } from './ort/library.js';
import { createOrtSession, namesInMemory, runOnHost, type Slots } from './ort/session.js';
import { packageSession } from './package-session.js';

/** How sessions are made: tests watch it. */
export const sessions = { create: createSession };

/**
 * By the C API, and by the package's own binding where that cannot be called.
 * @param threads that one operator may use
 * @throws Error with what the runtime says
 */
async function createSession(model: Uint8Array, threads: number): Promise<Session> {
  const library = npmOrt();
  return library === undefined ? packageSession(model, threads) : hostSession(library, model, threads);
}

async function hostSession(library: OrtLibrary, model: Uint8Array, threads: number): Promise<Session> {
  const session = await createOrtSession(library, model, { threads });
  let slots: Slots | undefined;
  return {
    run: (inputs, outputs) => {
      slots ??= {
        inputs: namesInMemory(
          library,
          inputs.map(([path]) => path),
        ),
        outputs: namesInMemory(
          library,
          outputs.map(([path]) => outputName(path)),
        ),
      };
      return runOnHost(
        session,
        slots,
        inputs.map(([, tensor]) => tensor),
        outputs.map(([, memory]) => memory),
      );
    },
    release: async () => {
      session.release();
      slots?.inputs.free();
      slots?.outputs.free();
    },
  };
}
