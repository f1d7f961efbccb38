/** @file ONNX files of other programs in a session of the C API: their inputs and outputs, and runs on host tensors. */
import type { RawGraph, RawSlot } from '../raw-graph.js';
import { type Address, addressOf, type Pointer } from './foreign.js';
import type { OrtLibrary } from './library.js';
import {
  createOrtSession,
  namesInMemory,
  type OrtSessionSettings,
  releaseValues,
  runOnValues,
} from './session.js';
import { nameOfType, rawCopied, rawValue, typeAndShape } from './values.js';

/**
 * Opens a file. What it keeps outside of itself is looked for in its folder.
 * @throws Error with the runtime's message
 */
export async function openOrtGraph(
  library: OrtLibrary,
  file: string,
  settings: OrtSessionSettings,
): Promise<RawGraph> {
  const session = await createOrtSession(library, file, settings);
  const { address } = session;
  return {
    inputs: slotsOf(library, address, 'Input'),
    outputs: slotsOf(library, address, 'Output'),
    run: async (given, wanted) => {
      const slots = {
        inputs: namesInMemory(library, Object.keys(given)),
        outputs: namesInMemory(library, wanted),
      };
      const tensors = Object.values(given);
      const values = BigUint64Array.from(tensors, (tensor) => rawValue(library, tensor));
      try {
        const made = await runOnValues(session, slots, values, new BigUint64Array(wanted.length), tensors);
        try {
          return Array.from(made, (value) => rawCopied(library, value));
        } finally {
          releaseValues(library, made);
        }
      } finally {
        slots.inputs.free();
        slots.outputs.free();
      }
    },
    release: async () => session.release(),
  };
}

function slotsOf(library: OrtLibrary, session: Address, kind: 'Input' | 'Output'): RawSlot[] {
  const { api, foreign, allocator } = library;
  const count = [0];
  api.call(`SessionGet${kind}Count`, session, count);
  return Array.from({ length: count[0] as number }, (_, i) => {
    const at = api.make(`SessionGet${kind}Name`, session, i, allocator);
    const name = String(foreign.decode(at, 'char', -1));
    api.call('AllocatorFree', allocator, at);
    const info = api.make(`SessionGet${kind}TypeInfo`, session, i);
    try {
      // No tensor: no such description.
      const place: Pointer[] = [null];
      api.call('CastTypeInfoToTensorInfo', info, place);
      return { name, ...(place[0] ? tensorSlot(library, place[0]) : { type: undefined, shape: [] }) };
    } finally {
      api.release('ReleaseTypeInfo', info);
    }
  });
}

/** The type of a tensor's elements, and its shape: the name of an axis, if it has one, where any length will do. */
function tensorSlot({ api, foreign }: OrtLibrary, info: Address): Pick<RawSlot, 'type' | 'shape'> {
  const { number, shape } = typeAndShape(api, info);
  const names = new BigUint64Array(Math.max(1, shape.length));
  api.call('GetSymbolicDimensions', info, addressOf(foreign, names), shape.length);
  return {
    type: nameOfType(number),
    shape: shape.map((length, axis) =>
      length >= 0 ? length : String(foreign.decode(names[axis], 'char', -1)),
    ),
  };
}
