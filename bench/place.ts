/** @file Where our side of a benchmark runs: on the processor, on a CUDA device, or with the host in the device's place. */
import { createEngine } from '../src/engine/create.js';
import { hostAccelerator } from '../src/engine/device/accelerator.js';
import { cudaDevice } from '../src/engine/device/cuda.js';
import type { Engine, Precision } from '../src/engine/engine.js';
import { engineOnDevice } from '../src/engine/onnx.js';
import { npmOrt } from '../src/engine/ort/library.js';

export interface Place {
  readonly device: 'cuda' | 'host';
  readonly precision: Precision;
  readonly deterministic?: boolean;
}

/** @returns the engine, and on a device how many bytes of its memory this process has taken since */
export async function engineAt(
  place: Place | undefined,
  threads: number,
): Promise<{ readonly engine: Engine; readonly used?: () => number }> {
  if (place === undefined) return { engine: await createEngine('onnx', { threads }) };
  const accelerator =
    place.device === 'cuda'
      ? cudaDevice({ device: 0, precision: place.precision, deterministic: place.deterministic ?? false })
      : host();
  const before = accelerator.used();
  return {
    engine: engineOnDevice(accelerator, {
      provider: place.device === 'cuda' ? 'cuda' : 'cpu',
      threads,
      precision: place.precision,
    }),
    used: () => accelerator.used() - before,
  };
}

function host() {
  const library = npmOrt();
  if (library === undefined) throw new Error('koffi cannot be loaded here');
  return hostAccelerator(library);
}
