/** @file ONNX Runtime, as everything here imports it. */
import './no-telemetry.js';

export { default } from 'onnxruntime-node';
