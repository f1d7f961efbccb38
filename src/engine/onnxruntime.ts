/** @file ONNX Runtime's package, as everything here imports it. */
import './no-telemetry.js';
import type onnxruntime from 'onnxruntime-node';
import { requireOnnxRuntime } from '../base/native-library.js';

let loaded: typeof onnxruntime | undefined;

/**
 * The package, loaded when it is first asked for: it may be missing where nothing is computed.
 * @throws UserError where npm left it out
 */
export function ort(): typeof onnxruntime {
  loaded ??= requireOnnxRuntime() as typeof onnxruntime;
  return loaded;
}
