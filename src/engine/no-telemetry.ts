/** @file ONNX Runtime reports its use to its maker and writes an identifier under the home folder unless it is told not to. */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
