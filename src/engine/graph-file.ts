/** @file ONNX files of other programs, run as they are by the runtime that runs ours. */

import { messageOf, UserError } from '../base/errors.js';
import { type HostTensor, sizeOf } from '../base/host-tensor.js';
import type { Accelerator } from './device/accelerator.js';
import type { GraphFile, GraphSlot } from './engine.js';
import { openOrtGraph } from './ort/graph.js';
import { npmOrt } from './ort/library.js';
import { openPackageGraph } from './package-graph.js';
import { type RawGraph, type RawSlot, type RawTensor, rawTypes } from './raw-graph.js';

/**
 * Opens a file on the processor, by the C API where that can be called. What it keeps outside of itself is looked for in its folder.
 * @throws UserError in one line for what the runtime cannot run: operators that it lacks, damaged files
 */
export function openGraphFile(file: string, threads: number): Promise<GraphFile> {
  const library = npmOrt();
  return graphFile(file, () =>
    library === undefined
      ? openPackageGraph(file, threads)
      : openOrtGraph(library, file, { threads, foreign: true }),
  );
}

/** The same on a device: its library is the one that has it, wherever that was found. */
export const openGraphOnDevice = (
  { library, sessionSettings }: Accelerator,
  file: string,
  threads: number,
): Promise<GraphFile> =>
  graphFile(file, () => openOrtGraph(library, file, { ...sessionSettings(false), threads, foreign: true }));

async function graphFile(file: string, open: () => Promise<RawGraph>): Promise<GraphFile> {
  const graph = await open().catch((cause: unknown) => {
    throw openingError(file, messageOf(cause), cause);
  });
  const inputs = graph.inputs.map((slot) => slotOf(file, slot));
  const outputs = graph.outputs.map((slot) => slotOf(file, slot));
  const types = new Map(inputs.map(({ name, type }) => [name, type]));
  return {
    inputs,
    outputs,
    async run(given, wanted) {
      for (const name of wanted) expectFloats(file, name, outputs);
      const feeds = Object.fromEntries(
        Object.entries(given).map(([name, tensor]) => [name, asType(tensor, types.get(name))]),
      );
      const results = await graph.run(feeds, wanted).catch((cause: unknown) => {
        throw new UserError(`ONNX Runtime cannot run it (${brief(messageOf(cause))})`, { file, cause });
      });
      return wanted.map((name, i) => floatTensor(file, name, results[i]));
    },
    close: () => graph.release(),
  };
}

function openingError(file: string, message: string, cause: unknown): UserError {
  const custom = /(?:op_type:|error:?\s*)?([\w.]+:\w+)\(-?\d+\) is not a registered function\/op/i.exec(
    message,
  );
  if (custom !== null) {
    return new UserError(`uses the operator ${custom[1]}, which ONNX Runtime does not support`, {
      file,
      hint: 'Export the model with standard operators',
      cause,
    });
  }
  return new UserError(`ONNX Runtime cannot load it (${brief(message)})`, {
    file,
    hint: 'Export the model again, or check that it was copied whole',
    cause,
  });
}

const mostWords = 300;

/** What the runtime says, without the places in its own source. */
function brief(message: string): string {
  const said = message
    .replace(/\/\S*\.(?:cc|h|cpp):\d+\s*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return said.length > mostWords ? `${said.slice(0, mostWords)}...` : said;
}

function slotOf(file: string, { name, type, shape }: RawSlot): GraphSlot {
  if (type === undefined)
    throw new UserError(`'${name}' is a sequence or a map, not a tensor`, {
      file,
      hint: 'Export the model with tensors only',
    });
  return { name, type, shape };
}

/** Values as an input wants them. */
function asType({ shape, data }: HostTensor, type: string | undefined): RawTensor {
  switch (type) {
    case 'float32':
      return { type, shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
    case 'float64':
      return { type, shape, data: Float64Array.from(data) };
    case 'int64':
      return {
        type,
        shape,
        data: BigInt64Array.from(Array.from(data, (value) => BigInt(Math.round(value)))),
      };
    case 'int32':
      return { type, shape, data: Int32Array.from(data) };
    case 'bool':
      return { type, shape, data: Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)) };
    default:
      throw new Error(`inputs of type ${type} are not supported`);
  }
}

function expectFloats(file: string, name: string, outputs: readonly GraphSlot[]): void {
  const output = outputs.find((each) => each.name === name);
  if (output === undefined) throw new UserError(`has no output '${name}'`, { file });
  if (output.type !== 'float32')
    throw new UserError(`output '${name}' has type ${output.type}, expected float32`, { file });
}

function floatTensor(file: string, name: string, tensor: RawTensor | undefined): HostTensor {
  const { shape = [], data } = tensor ?? {};
  if (data instanceof Float32Array && data.length === sizeOf(shape)) return { dtype: 'float32', shape, data };
  throw new UserError(`output '${name}' has other values than its shape says`, { file });
}

/** Types of inputs that values can be given to. */
export const givenTypes: readonly string[] = Object.keys(rawTypes);
