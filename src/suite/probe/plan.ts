/** @file The tasks that a pre-training is probed with, each as a small task of its own. */
import type { TaskData } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import type { PretrainConfig } from '../../pretrain/config.js';
import { digestOf } from '../../training/checkpoint-file.js';
import { type PlannedHead, type PlannedTask, planTask, type Training } from '../plan.js';
import type { SuiteTask } from '../schema.js';
import { probeData } from './subset.js';

/** A task to probe with. */
export interface PlannedProbe {
  readonly planned: PlannedTask;
  /** Of all that decides a probe's result beside the encoder. */
  readonly digest: string;
}

/** Train utterances of a task at most, where nobody says it. */
export const usualProbeLimit = 400;

/** A probe of the mini suite takes as long as some 70 updates of `tiny`. */
const fewestBetween = 200;

/** Updates between probes, where nobody says it: a tenth of all, but not so few that probes take longer than training. */
export const usualProbeEvery = ({ optimizer }: Pick<PretrainConfig, 'optimizer'>): number =>
  Math.max(fewestBetween, Math.ceil(optimizer.steps / 10));

/**
 * The tasks of a suite whose heads learn from means over time; the others cost too much to be trained again and again.
 * @param limit train utterances of a task at most; half as many of dev
 * @param say told which tasks are left out
 * @throws UserError as `planTask`, and where no task is left
 */
export async function planProbes(
  { name, tasks }: { readonly name: string; readonly tasks: readonly SuiteTask[] },
  limit: number,
  training: Training,
  say: (remark: string) => void = () => {},
): Promise<readonly PlannedProbe[]> {
  const probes: PlannedProbe[] = [];
  const others: string[] = [];
  for (const wanted of tasks) {
    const planned = await planTask(wanted, training);
    if (canProbe(planned)) probes.push(probeOf(planned, limit));
    else others.push(wanted.name);
  }
  if (probes.length === 0) throw noProbe(name);
  if (others.length > 0)
    say(`probes skip ${others.join(', ')}: only heads on means over time are cheap enough`);
  return probes;
}

/** Whether a task's head learns from means over time. */
export const canProbe = ({ task, head }: Pick<PlannedTask, 'task' | 'head'>): boolean =>
  task.pairs === undefined && head.kind.reads(head.settings).store === 'pooled';

/** That there is nothing to probe with. */
export const noProbe = (suite: string): UserError =>
  new UserError(`no task of the suite '${suite}' can be a probe: none has a head on means over time`, {
    hint: 'Use a suite with ks, ic, sid or er, such as mini',
  });

/** Of a cross-validated task, its first fold. */
function probeOf(planned: PlannedTask, limit: number): PlannedProbe {
  const { task, manifest, hashes, head, folds, preset } = planned;
  const { train, dev } = probeData(task, folds?.[0]?.data ?? planned.data, limit);
  // Dev chooses and is judged: the suite's test split stays unseen until training is over.
  const data: TaskData = { train, dev, test: dev };
  const spec = task.head(data);
  const settings = cheaper(head.settings);
  const ids = [train, dev].map((utterances) => utterances.map(({ id }) => id));
  const digest = digestOf({
    task: [task.name, task.version, manifest.hash, preset],
    settings,
    reading: head.reading,
    ids,
  });
  return {
    digest,
    planned: {
      ...planned,
      data,
      // As a fold, dev's utterances may stand in two splits and be encoded once.
      utterances: [...train, ...dev],
      folds: [{ name: 'probe', data, spec }],
      hashes: { ...hashes, audio: digestOf({ audio: hashes.audio, ids }) },
      head: { ...head, spec, settings } satisfies PlannedHead,
    },
  };
}

/** What ends the training of a probe's head at the latest, where the suite allows more. */
const most = { maximumUpdates: 1000, patience: 20 } as const;
/** Lower rates learn next to nothing in so few updates. */
const leastRate = 1e-3;

function cheaper(settings: unknown): unknown {
  const own = settings as Readonly<Record<string, unknown>>;
  const lower = Object.entries(most).filter(
    ([name, value]) => typeof own[name] === 'number' && (own[name] as number) > value,
  );
  const { learningRates } = own;
  const rates = Array.isArray(learningRates) ? learningRates.filter((rate) => rate >= leastRate) : [];
  return { ...own, ...Object.fromEntries(lower), ...(rates.length > 0 && { learningRates: rates }) };
}
