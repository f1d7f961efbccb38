/** @file Probes an encoder that is in training: heads on it as it stands, trained and judged, each written down at once. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import type { HostParameters, HostTensor } from '../../base/host-tensor.js';
import { encoderOf } from '../../encoders/checkpoint.js';
import { configure } from '../../encoders/configured.js';
import type { Encoder } from '../../encoders/encoder.js';
import type { Engine } from '../../engine/engine.js';
import type { PretrainConfig } from '../../pretrain/config.js';
import type { Probing } from '../../pretrain/probing.js';
import {
  addProbe,
  isProbed,
  type Probed,
  type ProbeLine,
  readProbes,
  writeProbes,
} from '../../results/probes-file.js';
import { evaluate } from '../evaluate.js';
import { suiteLocks } from '../slurm/liveness.js';
import type { PlannedProbe } from './plan.js';

export interface ProbeOptions {
  readonly probes: readonly PlannedProbe[];
  readonly every: number;
  readonly config: PretrainConfig;
  /** The folder of the run. */
  readonly out: string;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  /** Told of every result, and of those of an earlier part of the same run when their turn comes. */
  readonly onProbed?: ((probed: Probed) => void) | undefined;
  /** Told of a probe that failed. */
  readonly say: (remark: string) => void;
}

/** Of the heads: one for all probes, so that they differ by the encoder alone. */
const seed = 1337;

/**
 * Probes for a training. What was found already of the same encoder by the same probe is not done again; a probe that fails
 * is written down as such and said, and training goes on.
 */
export function probingOf(options: ProbeOptions): Probing {
  const { probes, every, config, out, signal, onProbed = () => {}, say } = options;
  let known: Promise<ProbeLine[]> | undefined;
  return {
    every,
    async probe(update, student) {
      try {
        known ??= opened(out);
        const lines = await known;
        const encoder = encoderAt(config, update, student);
        for (const probe of probes) {
          if (signal?.aborted) return;
          const found = lines.find(isOf(update, encoder, probe));
          if (found !== undefined) {
            onProbed(found);
            continue;
          }
          const line = await probed(options, probe, update, encoder);
          if (line === undefined) return;
          await addProbe(out, line);
          lines.push(line);
          if (isProbed(line)) onProbed(line);
          else say(`the probe ${line.task} after ${update} updates failed: ${line.failed}`);
        }
      } catch (error) {
        say(`the probes after ${update} updates failed: ${messageOf(error)}`);
      }
    },
  };
}

/** What is known of the run; the file is whole from then on. */
async function opened(out: string): Promise<ProbeLine[]> {
  const lines = [...(await readProbes(out))];
  if (lines.length > 0) await writeProbes(out, lines);
  return lines;
}

const isOf =
  (update: number, { hash }: Encoder, { planned, digest }: PlannedProbe) =>
  (line: ProbeLine): line is Probed =>
    isProbed(line) &&
    line.update === update &&
    line.task === planned.task.name &&
    line.encoder === hash &&
    line.probe === digest;

/** The student after so many updates, as the encoder that its folder would be. */
function encoderAt({ encoder: config }: PretrainConfig, update: number, student: HostParameters): Encoder {
  const configured = configure(config, 'the settings of the pre-training');
  const parameters = Object.keys(configured.specs).map(
    (name) => [name, student[name] as HostTensor] as const,
  );
  const name = `update ${update}`;
  return encoderOf(name, name, configured, Object.fromEntries(parameters));
}

/** @returns undefined where the signal has ended it */
async function probed(
  { out, engine, signal }: ProbeOptions,
  { planned, digest }: PlannedProbe,
  update: number,
  encoder: Encoder,
): Promise<ProbeLine | undefined> {
  const started = performance.now();
  const { task, data } = planned;
  const [{ name: metric, direction }] = task.metrics;
  const place = () => ({
    update,
    task: task.name,
    encoder: encoder.hash,
    probe: digest,
    seconds: Number(((performance.now() - started) / 1000).toFixed(3)),
  });
  // Means over time are small; those of one update are of no use after it.
  const folder = join(out, 'probe-features');
  try {
    await rm(folder, { recursive: true, force: true });
    const [evaluation] = await evaluate(encoder, planned, {
      engine,
      seeds: [seed],
      quiet: true,
      storage: { folder, lock: suiteLocks },
      keepingOf: () => ({
        file: join(folder, 'head.safetensors'),
        everySeconds: Number.POSITIVE_INFINITY,
        signal,
      }),
    });
    const found = evaluation?.record.metrics[metric];
    if (found === undefined) throw new Error(`${metric} was not judged`);
    const { value, interval } = found;
    return {
      ...place(),
      metric,
      direction,
      value,
      ...(interval !== undefined && { interval }),
      train: data.train.length,
      dev: data.dev.length,
    };
  } catch (error) {
    return signal?.aborted ? undefined : { ...place(), failed: messageOf(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
