/** @file ONNX Runtime, as everything here imports it. */
import './no-telemetry.js';
import type onnxruntime from 'onnxruntime-node';
import { requireOnnxRuntime } from '../base/native-library.js';

/** Its types are imported from `onnxruntime-node`, which may be missing when the program runs. */
export default requireOnnxRuntime() as typeof onnxruntime;
