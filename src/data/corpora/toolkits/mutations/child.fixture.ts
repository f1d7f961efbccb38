/** @file A process that prepares the corpora it is given, a line each, reads their audio, and says how each one ended. */
import { createInterface } from 'node:readline';
import { audioSeconds } from '../../../../audio/index.js';
import { messageOf, UserError } from '../../../../base/errors.js';
import { peakBytes } from '../../../../base/peak-memory.fixture.js';
import { readUtterance } from '../../../audio.js';
import { hashManifest, loadUtterances } from '../../../manifest.js';
import { prepareToolkit, type ToolkitRequest, toolkits } from '../index.js';

/** A line on standard input. */
export interface Question extends ToolkitRequest {
  readonly toolkit: string;
}

export interface Ending {
  readonly outcome: 'prepared' | 'refused' | 'failed';
  readonly message: string;
  /** The process's so far. */
  readonly peakBytes: number;
}

async function prepared({ toolkit: name, ...request }: Question): Promise<string> {
  const toolkit = toolkits.find((each) => each.name === name);
  if (toolkit === undefined) throw new Error(`no toolkit ${name}`);
  const { manifests } = await prepareToolkit(toolkit, request);
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error('no manifest');
  await hashManifest(manifest.file);
  let heard = 0;
  const utterances = await loadUtterances(manifest.file);
  // Two show that their places are read; decoding is not what is tried here.
  for (const utterance of new Set([...utterances.slice(0, 1), ...utterances.slice(-1)])) {
    try {
      await audioSeconds(utterance.path);
      heard += (await readUtterance(utterance, 180)).length;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
  return `${heard} samples`;
}

async function endingOf(question: Question): Promise<Ending> {
  try {
    const message = await prepared(question);
    return { outcome: 'prepared', message, peakBytes: peakBytes() };
  } catch (error) {
    const refused = error instanceof UserError && !error.message.includes('\n');
    const message = refused ? messageOf(error) : String((error as Error)?.stack ?? error);
    return { outcome: refused ? 'refused' : 'failed', message, peakBytes: peakBytes() };
  }
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await endingOf(JSON.parse(line) as Question))}\n`);
