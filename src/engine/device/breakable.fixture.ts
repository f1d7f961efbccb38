/** @file A device that fails while it is in use. */
import { engineOnDevice } from '../onnx.js';
import { npmOrt, type OrtLibrary } from '../ort/library.js';
import { type Accelerator, hostAccelerator } from './accelerator.js';

/** An engine on the host in a device's place, which does nothing more once it is broken; where ONNX Runtime's C API can be called. */
export function breakableEngine() {
  const { accelerator, breakIt } = breakable(hostAccelerator(npmOrt() as OrtLibrary));
  return { engine: engineOnDevice(accelerator, { provider: 'cuda', threads: 1 }), breakIt };
}

/** A device that answers every call with an error, as CUDA does, from a moment on. */
function breakable(device: Accelerator) {
  let broken = false;
  const alive =
    <Given extends readonly unknown[], Result>(call: (...given: Given) => Result) =>
    (...given: Given): Result => {
      if (broken) throw new Error('cudaDeviceSynchronize: unspecified launch failure');
      return call(...given);
    };
  const { launch } = device;
  const accelerator: Accelerator = {
    ...device,
    allocate: alive(device.allocate),
    free: alive(device.free),
    upload: alive(device.upload),
    uploaded: alive(device.uploaded),
    download: alive(device.download),
    ...(launch !== undefined && { launch: alive(launch) }),
    synchronize: async () => alive(device.synchronize)(),
  };
  const breakIt = (): void => {
    broken = true;
  };
  return { accelerator, breakIt };
}
