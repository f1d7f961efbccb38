/** @file The TensorFlow.js backend `trace`: its tensors stand for values of a graph. */

import { type ComputedType, computedTypes } from '../base/host-tensor.js';
import type { GraphBuilder, Numbers, Value, ValueType } from './graph.js';
import * as tf from './ops.js';

export const traceBackendName = 'trace';

interface TracedData {
  readonly dtype: tf.DataType;
  /** Set for constants written during the trace. */
  readonly written?: Numbers;
  readonly value?: Value;
  /** The graph that `value` belongs to. */
  readonly owner?: GraphBuilder;
}

/** Holds the graph being traced and what each tensor stands for. */
export class TraceBackend extends tf.KernelBackend {
  private readonly dataOf = new tf.DataStorage<TracedData>(this, tf.engine());
  private building: GraphBuilder | undefined;

  /** The graph being traced. */
  get builder(): GraphBuilder {
    if (this.building === undefined) throw new Error('the trace backend runs only while a program is traced');
    return this.building;
  }

  /** Runs `work` with `graph` as the one being traced. */
  tracing<T>(graph: GraphBuilder, work: () => T): T {
    const outer = this.building;
    this.building = graph;
    try {
      return work();
    } finally {
      this.building = outer;
    }
  }

  /** The value a tensor stands for; a constant written during the trace becomes one now. */
  valueFor(tensor: tf.TensorInfo): Value {
    const data = this.dataOf.get(tensor.dataId);
    if (data.value !== undefined && data.owner === this.builder) return data.value;
    if (data.written === undefined) throw new Error('a tensor of an earlier trace was used in this one');
    // Not remembered: a constant first met in the body of a Scan may be met outside it next.
    return this.builder.constant(data.written, tensor.shape, computedType(tensor.dtype));
  }

  /** A tensor that stands for `value`. */
  infoOf(value: Value): tf.TensorInfo {
    const dtype = computedType(value.type);
    const dataId = {};
    this.dataOf.set(dataId, { dtype, value, owner: this.builder });
    return { dataId, shape: [...value.shape], dtype };
  }

  tensorOf(value: Value): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.infoOf(value));
  }

  override numDataIds(): number {
    return this.dataOf.numDataIds();
  }

  override write(values: tf.BackendValues, _shape: number[], dtype: tf.DataType): object {
    const dataId = {};
    this.dataOf.set(dataId, { dtype, written: numbersOf(values) });
    return dataId;
  }

  override move(dataId: object, values: tf.BackendValues, _shape: number[], dtype: tf.DataType): void {
    this.dataOf.set(dataId, { dtype, written: numbersOf(values) });
  }

  override readSync(dataId: object): tf.BackendValues {
    const { written } = this.dataOf.get(dataId);
    if (written === undefined) {
      throw new Error('a traced function must not read the values of a tensor (dataSync, arraySync, data)');
    }
    return written as Float32Array;
  }

  override async read(dataId: object): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  // A trace is short and its tensors are names: nothing is counted, nothing freed before its end.
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  decRef(): void {}
  override disposeData(): boolean {
    return false;
  }
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override timerAvailable(): boolean {
    return false;
  }
}

function numbersOf(values: tf.BackendValues): Numbers {
  if (values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint8Array)
    return values;
  return Array.from(values as unknown as ArrayLike<number>);
}

/** @throws Error for a type that programs do not compute with */
export function computedType(type: tf.DataType | ValueType): ComputedType {
  const computed = computedTypes.find((each) => each === type);
  if (computed !== undefined) return computed;
  throw new Error(`programs do not compute with tensors of type ${type}`);
}

tf.registerBackend(traceBackendName, () => new TraceBackend(), 0);

/** The trace backend, when it is the active one. */
export function activeTraceBackend(): TraceBackend | undefined {
  const backend = tf.getBackend() === traceBackendName ? tf.backend() : undefined;
  return backend instanceof TraceBackend ? backend : undefined;
}

/** Runs `work` with a TensorFlow.js backend that is already initialised, then puts back the old one, or plain JavaScript. */
export function withBackend<T>(name: string, work: () => T): T {
  const before = tf.getBackend();
  void tf.setBackend(name);
  try {
    return work();
  } finally {
    void tf.setBackend(before || 'cpu');
  }
}
