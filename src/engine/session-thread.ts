/** @file A thread that runs models, each in a session that it keeps. */
import type ort from 'onnxruntime-node';
import type { HostTensor } from '../base/host-tensor.js';
import { threadWork } from '../base/threads.js';
import { createSession, hostTensor, ortTensor } from './session.js';

export interface SessionRequest {
  /** Names the model. */
  readonly signature: string;
  readonly model: Uint8Array;
  readonly inputs: readonly (readonly [path: string, tensor: HostTensor])[];
  readonly outputs: readonly string[];
}

const sessions = new Map<string, Promise<ort.InferenceSession>>();

export default threadWork(async (request: SessionRequest): Promise<HostTensor[]> => {
  const { signature, model, inputs, outputs } = request;
  const known =
    sessions.get(signature) ?? createSession(model, { provider: 'cpu', threads: 1, keepMemory: true });
  sessions.set(signature, known);
  const session = await known;
  const feeds = Object.fromEntries(inputs.map(([path, tensor]) => [path, ortTensor(tensor)]));
  const results = await session.run(feeds);
  return outputs.map((path) => hostTensor(results[`${path}:out`] as ort.Tensor));
});
