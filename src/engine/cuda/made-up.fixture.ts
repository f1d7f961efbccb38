/** @file Machines made of files: a driver, a toolkit, Python environments and libraries that say what they need. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Machine } from './machine.js';

/** A shared library (ELF) that needs others, with a text in it as a constant of C. */
export function sharedObject(needs: readonly string[], text = ''): Buffer {
  const names = Buffer.from(`\0${needs.map((name) => `${name}\0`).join('')}`);
  const [headers, base] = [64 + 2 * 56, 0x1000];
  const entries: [number, number][] = [];
  let at = 1;
  for (const name of needs) {
    entries.push([1, at]);
    at += name.length + 1;
  }
  entries.push([5, base + headers], [0, 0]);
  const table = Buffer.alloc(entries.length * 16);
  entries.forEach(([tag, value], i) => {
    table.writeBigInt64LE(BigInt(tag), i * 16);
    table.writeBigUInt64LE(BigInt(value), i * 16 + 8);
  });
  const head = Buffer.alloc(headers);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(2, 56);
  const segment = (i: number, kind: number, offset: number, address: number, bytes: number): void => {
    head.writeUInt32LE(kind, 64 + i * 56);
    for (const [place, value] of [
      [8, offset],
      [16, address],
      [32, bytes],
    ] as const)
      head.writeBigUInt64LE(BigInt(value), 64 + i * 56 + place);
  };
  segment(0, 1, 0, base, headers + names.length);
  segment(1, 2, headers + names.length, base + headers + names.length, table.length);
  return Buffer.concat([head, names, table, Buffer.from(`\0${text}\0`)]);
}

/** ONNX Runtime's CUDA library. */
export const provider = (version: string, cuda: number): Buffer =>
  sharedObject(
    [
      `libcublasLt.so.${cuda}`,
      `libcublas.so.${cuda}`,
      'libcurand.so.10',
      `libcudart.so.${cuda}`,
      'libcuda.so.1',
      'libc.so.6',
    ],
    version,
  );

export const providerFiles = (version: string, cuda: number): Readonly<Record<string, Buffer>> => ({
  'libonnxruntime_providers_cuda.so': provider(version, cuda),
  'libonnxruntime_providers_shared.so': sharedObject(['libc.so.6']),
});

export const toolkitFiles = (cuda: number): Readonly<Record<string, Buffer>> => ({
  [`libcudart.so.${cuda}`]: sharedObject([]),
  [`libcublas.so.${cuda}`]: sharedObject([`libcublasLt.so.${cuda}`]),
  [`libcublasLt.so.${cuda}`]: sharedObject([]),
  'libcurand.so.10': sharedObject([]),
  [`libcufft.so.${cuda - 1}`]: sharedObject([]),
  [`libnvrtc.so.${cuda}`]: sharedObject([]),
  [`libnvrtc-builtins.so.${cuda}.0`]: sharedObject([]),
});

export const cudnnFiles: Readonly<Record<string, Buffer>> = {
  'libcudnn.so.9': sharedObject([]),
  'libcudnn_graph.so.9': sharedObject(['libz.so.1']),
  'libcudnn_ops.so.9': sharedObject(['libcudnn_graph.so.9']),
};

export const below = (
  folder: string,
  files: Readonly<Record<string, Buffer>>,
): Readonly<Record<string, Buffer>> =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

/** The driver's kernel module and its library. */
export const driverFiles = (version: string): Readonly<Record<string, Buffer>> => ({
  'proc/driver/nvidia/version': Buffer.from(
    `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  ${version}  Release Build  (dvs-builder@U22)\nGCC version: 12\n`,
  ),
  'usr/lib/x86_64-linux-gnu/libcuda.so.1': sharedObject([]),
});

export interface MadeUp extends Machine {
  readonly root: string;
}

/** A machine of these files; its programs print what `programs` says. */
export function madeUpMachine(
  files: Readonly<Record<string, Buffer>>,
  environment: (root: string) => Readonly<Record<string, string>> = () => ({}),
  programs: (root: string) => Readonly<Record<string, string>> = () => ({}),
): MadeUp {
  const root = mkdtempSync(join(tmpdir(), 'ehmam-machine-'));
  writeFiles(root, { 'npm/libonnxruntime.so.1': sharedObject([], 'itself'), ...files });
  const told = programs(root);
  return {
    root,
    onnxruntime: join(root, 'npm'),
    environment: environment(root),
    run: (program) => told[program],
  };
}

export function writeFiles(root: string, files: Readonly<Record<string, Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}
