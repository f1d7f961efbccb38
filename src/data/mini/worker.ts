/** @file A synthesis thread: renders the utterances it is sent, writes them as WAV, answers with their digests. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { encodeWav } from '../../audio/index.js';
import { messageOf } from '../../base/errors.js';
import type { MiniDefinition } from './definition.js';
import type { PlannedUtterance } from './plan.js';
import { createSynthesisers, miniRateHz, renderUtterance, type Synthesisers } from './render.js';

/** What a thread is started with. */
export interface WorkerData {
  readonly definition: MiniDefinition;
  /** The corpus folder; its folders for audio are there already. */
  readonly root: string;
}

/** A file that was written. */
export interface Written {
  /** Relative to the corpus folder, with forward slashes. */
  readonly path: string;
  readonly sha256: string;
}

export type WorkerAnswer = { readonly written: readonly Written[] } | { readonly failure: string };

export function audioPathOf({ part, id }: PlannedUtterance): string {
  return `audio/${part}/${id}.wav`;
}

/** Renders and writes one utterance. A file may be left torn by a crash: its digest is noted only afterwards. */
export async function writeUtterance(
  synthesisers: Synthesisers,
  { definition, root }: WorkerData,
  utterance: PlannedUtterance,
): Promise<Written> {
  const wav = encodeWav(await renderUtterance(synthesisers, definition, utterance), miniRateHz);
  const path = audioPathOf(utterance);
  await writeFile(join(root, path), wav);
  return { path, sha256: createHash('sha256').update(wav).digest('hex') };
}

if (parentPort !== null && isWorkerData(workerData)) {
  const port = parentPort;
  const data = workerData;
  const synthesisers = createSynthesisers();
  port.on('message', async (utterances: readonly PlannedUtterance[]) => {
    port.postMessage(await answerTo(utterances, data, synthesisers));
  });
}

async function answerTo(
  utterances: readonly PlannedUtterance[],
  data: WorkerData,
  synthesisers: Synthesisers,
): Promise<WorkerAnswer> {
  try {
    const written: Written[] = [];
    for (const utterance of utterances) written.push(await writeUtterance(synthesisers, data, utterance));
    return { written };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

/** A test runner's threads have data of their own. */
function isWorkerData(data: unknown): data is WorkerData {
  return typeof data === 'object' && data !== null && 'definition' in data && 'root' in data;
}
