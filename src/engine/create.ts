/** @file Makes an engine by name. */
import { availableParallelism } from 'node:os';
import { UserError } from '../base/errors.js';
import { checkDevice, type EngineSettings, type EngineTools } from './choice.js';
import { expectRightDevice } from './device-check.js';
import { eagerEngine } from './eager.js';
import type { Engine, EngineName } from './engine.js';
import { onnxEngine } from './onnx.js';
import * as tf from './ops.js';
import { loadTensorflow, type TensorflowSettings } from './tensorflow-library.js';

/**
 * Makes an engine ready to run.
 * @throws UserError when its library is not installed or does not start, or its device computes other values than the processor
 */
export async function createEngine(
  name: EngineName,
  settings: EngineSettings = {},
  tools: EngineTools = {},
): Promise<Engine> {
  checkDevice({ ...settings, name });
  switch (name) {
    case 'onnx':
      return checkedEngine(settings, tools);
    case 'wasm':
      await import('./wasm.js');
      return eagerOn(name, 'wasm');
    case 'cpu':
      return eagerOn(name, 'cpu');
    case 'tensorflow':
      return tensorflowEngine({ provider: settings.provider ?? 'cpu', threads: settings.threads });
  }
}

/** A device computes as the processor does: that is asked when it is first used, and remembered. */
async function checkedEngine(settings: EngineSettings, tools: EngineTools): Promise<Engine> {
  const whole = {
    ...settings,
    provider: settings.provider ?? 'cpu',
    threads: settings.threads ?? availableParallelism(),
  };
  if (whole.provider !== 'cpu') await expectRightDevice(await onnxEngine(whole));
  return onnxEngine({ ...whole, ...tools });
}

async function tensorflowEngine(settings: TensorflowSettings): Promise<Engine> {
  const { version, threads } = loadTensorflow(settings);
  const { provider } = settings;
  return { ...(await eagerOn('tensorflow', 'tensorflow')), provider, threads, tensorflow: version };
}

async function eagerOn(name: EngineName, backend: string): Promise<Engine> {
  const before = tf.getBackend();
  if (!(await tf.setBackend(backend))) throw new UserError(`the engine ${name} cannot start on this machine`);
  if (before) await tf.setBackend(before);
  return eagerEngine(name, backend);
}
