/** @file Our side of pre-training in `bench/gpu`, in a process of its own: the run that `ehmam pretrain` makes, asked for its updates one by one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Utterance } from '../../src/data/manifest.js';
import { readManifest } from '../../src/data/rows.js';
import { pretrain, type StepLog } from '../../src/pretrain/train.js';
import { answerSteps } from '../contestant.js';
import { engineAt, type Place } from '../place.js';
import { gpuSizes } from '../pretrain-sizes.js';

const folder = process.argv[2] ?? '';
const { size, manifest, place, threads } = JSON.parse(await readFile(join(folder, 'step.json'), 'utf8')) as {
  size: string;
  manifest: string;
  place: Place;
  threads: number;
};
const config = gpuSizes.find(({ name }) => name === size)?.config;
if (config === undefined) throw new Error(`no size ${size}`);

const { engine, used } = await engineAt(place, threads);
const utterances: Utterance[] = [];
for await (const utterance of readManifest(manifest)) utterances.push(utterance);
const done: StepLog[] = [];
let wanted: (() => void) | undefined;
const stop = new AbortController();
const run = pretrain({
  ...{ config, utterances, engine, quiet: true, signal: stop.signal, out: join(folder, 'run') },
  onStep(log) {
    done.push(log);
    wanted?.();
  },
});

await answerSteps(
  threads,
  async () => {
    // A run that fails ends the question.
    if (done.length === 0) await Promise.race([new Promise<void>((resolve) => (wanted = resolve)), run]);
    const log = done.shift();
    if (log === undefined) throw new Error('the run is over');
    return { seconds: log.seconds, loss: log.loss };
  },
  used,
);
stop.abort();
await run;
