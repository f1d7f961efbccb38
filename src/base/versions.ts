/** @file The versions that a result depends on: this package, Node, ONNX Runtime, TensorFlow.js. */
import { createRequire } from 'node:module';
import { findLibrary } from './native-library.js';
import { ownVersion, versionOf } from './package.js';

export interface Versions {
  readonly ehmam: string;
  readonly node: string;
  /** `notInstalled` where npm left it out. */
  readonly onnxruntime: string;
  readonly tfjs: string;
}

export const notInstalled = 'not installed';

export function runtimeVersions(): Versions {
  const onnxruntime = findLibrary('onnxruntime-node');
  return {
    ehmam: ownVersion(),
    node: process.versions.node,
    onnxruntime: onnxruntime === undefined ? notInstalled : versionOf(onnxruntime),
    tfjs: versionOf(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core')),
  };
}
