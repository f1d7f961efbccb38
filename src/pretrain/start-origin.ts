/** @file What a pre-training keeps of the checkpoint that it goes on from: it is a part of the run's identity. */
import { z } from 'zod';

export const partNames = ['decoder', 'loss predictor', 'teacher', "teacher's loss predictor"] as const;

export const startOriginSchema = z.object({
  /** The encoder's name, and its SPEC as records write it. */
  name: z.string(),
  spec: z.string(),
  /** The encoder's hash, as records have it. */
  hash: z.hash('sha256'),
  /** What the checkpoint has not: it starts anew, the teacher as a copy of the student. */
  fresh: z.array(z.enum(partNames)),
});

/** What a run that goes on from a checkpoint keeps of it. */
export type StartOrigin = Readonly<z.infer<typeof startOriginSchema>>;

/** What is to be said of the parts that start anew. */
export function freshRemarks({ name, fresh }: StartOrigin): string[] {
  return fresh.map((part) =>
    part === 'teacher' || part === "teacher's loss predictor"
      ? `${name} has no ${part}: copied from the student`
      : `${name} has no ${part}: initialised from the seed`,
  );
}

/** How two starts differ; undefined where they are one. A run that starts anew has none. */
export function startDifference(
  begun: StartOrigin | undefined,
  now: StartOrigin | undefined,
): string | undefined {
  if (begun?.hash === now?.hash && begun?.fresh.join() === now?.fresh.join()) return undefined;
  return `it started ${startText(begun)}, not ${startText(now)}`;
}

function startText(origin: StartOrigin | undefined): string {
  if (origin === undefined) return 'with new weights';
  const { spec, hash, fresh } = origin;
  const without = fresh.length === 0 ? '' : `, without ${fresh.join(' and ')}`;
  return `from ${spec} (${hash.slice(0, 8)}${without})`;
}
