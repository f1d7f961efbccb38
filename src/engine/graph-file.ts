/** @file ONNX files of other programs, run as they are by the runtime that runs ours. */

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, UserError } from '../base/errors.js';
import { type HostTensor, sizeOf } from '../base/host-tensor.js';
import type { GraphFile, GraphSlot, ProviderName } from './engine.js';
import { ort } from './onnxruntime.js';

export interface GraphFileSettings {
  readonly provider: ProviderName;
  readonly threads: number;
}

/**
 * Opens a file. What it keeps outside of itself is looked for in its folder.
 * @throws UserError in one line for what the runtime cannot run: operators that it lacks, damaged files
 */
export async function openGraphFile(file: string, settings: GraphFileSettings): Promise<GraphFile> {
  const session = await ort()
    .InferenceSession.create(file, {
      executionProviders: [settings.provider],
      intraOpNumThreads: settings.threads,
      // Made by others, it may need every rewriting that the runtime knows.
      graphOptimizationLevel: 'all',
      // Complaints come as errors; the runtime's own lines would stand beside them.
      logSeverityLevel: 4,
    })
    .catch((cause: unknown) => {
      throw openingError(file, messageOf(cause), cause);
    });
  const inputs = session.inputMetadata.map((slot) => slotOf(file, slot));
  const outputs = session.outputMetadata.map((slot) => slotOf(file, slot));
  const types = new Map(inputs.map(({ name, type }) => [name, type]));
  return {
    inputs,
    outputs,
    async run(given, wanted) {
      const feeds = Object.fromEntries(
        Object.entries(given).map(([name, tensor]) => [name, runtimeTensor(tensor, types.get(name))]),
      );
      const results = await session.run(feeds, [...wanted]).catch((cause: unknown) => {
        throw new UserError(`ONNX Runtime cannot run it (${brief(messageOf(cause))})`, { file, cause });
      });
      return wanted.map((name) => floatTensor(file, name, results[name]));
    },
    close: () => session.release(),
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

function slotOf(file: string, slot: InferenceSession.ValueMetadata): GraphSlot {
  if (!slot.isTensor)
    throw new UserError(`'${slot.name}' is a sequence or a map, not a tensor`, {
      file,
      hint: 'Export the model with tensors only',
    });
  return { name: slot.name, type: slot.type, shape: slot.shape };
}

function runtimeTensor({ shape, data }: HostTensor, type: string | undefined): Tensor {
  const dims = [...shape];
  switch (type) {
    case 'float32':
      return new (ort().Tensor)(
        'float32',
        data instanceof Float32Array ? data : Float32Array.from(data),
        dims,
      );
    case 'float64':
      return new (ort().Tensor)('float64', Float64Array.from(data), dims);
    case 'int64':
      return new (ort().Tensor)(
        'int64',
        BigInt64Array.from(Array.from(data, (value) => BigInt(Math.round(value)))),
        dims,
      );
    case 'int32':
      return new (ort().Tensor)('int32', Int32Array.from(data), dims);
    case 'bool':
      return new (ort().Tensor)(
        'bool',
        Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
        dims,
      );
    default:
      throw new Error(`inputs of type ${type} are not supported`);
  }
}

function floatTensor(file: string, name: string, tensor: Tensor | undefined): HostTensor {
  if (tensor === undefined) throw new UserError(`has no output '${name}'`, { file });
  if (!(tensor.data instanceof Float32Array) || tensor.data.length !== sizeOf(tensor.dims))
    throw new UserError(`output '${name}' has type ${tensor.type}, expected float32`, { file });
  return { dtype: 'float32', shape: tensor.dims, data: tensor.data };
}

/** Types of inputs that values can be given to. */
export const givenTypes: readonly string[] = ['float32', 'float64', 'int64', 'int32', 'bool'];
