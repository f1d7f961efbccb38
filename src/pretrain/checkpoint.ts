/** @file The checkpoints of a pre-training: what they hold, and whose they are. */
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import type { HostParameters } from '../base/host-tensor.js';
import {
  type CheckpointOrigin,
  digestOf,
  hostParametersSchema,
  readCheckpoint,
} from '../training/checkpoint-file.js';
import {
  checkpointPath,
  checkpointUpdates,
  keepByUpdates,
  otherVersionHint,
} from '../training/keep-by-updates.js';
import { type Keeper, keptSchema } from '../training/keeper.js';
import { pretrainSchema } from './config.js';
import type { Run, RunFolder } from './run-folder.js';
import type { TrainingState } from './step.js';

const stateSchema: z.ZodType<TrainingState> = z.object({
  student: hostParametersSchema,
  teacher: hostParametersSchema,
  adam: z.object({ first: hostParametersSchema, second: hostParametersSchema }),
});

/** Audio and engine are the user's affair: a run may go on with others. */
export const pretrainOrigin = ({ config, init }: Identity): CheckpointOrigin => ({
  kind: 'pretrain',
  digest: digestOf({
    ...pretrainSchema.parse(config),
    ...(init !== undefined && { init: [init.hash, init.fresh] }),
  }),
});

/** What decides a run but for its data. */
type Identity = Pick<Run, 'config' | 'init'>;

/**
 * Opens the checkpoints of a run.
 * @param start the state before the first update
 * @param say told of damage that was passed over
 * @throws UserError for a checkpoint of an earlier version or of other parameters, and when none is whole
 */
export function keepRun(
  { checkpoints }: RunFolder,
  run: Identity,
  start: TrainingState,
  say: (remark: string) => void,
): Promise<Keeper<TrainingState>> {
  return keepByUpdates({
    folder: checkpoints,
    origin: pretrainOrigin(run),
    schema: stateSchema,
    every: run.config.checkpointEvery,
    keep: run.config.keepCheckpoints,
    say,
    accept: (state, file) => fitting(state, start, file),
  });
}

/**
 * The newest state of a run that is under way.
 * @throws UserError when there is none, and for one that is damaged or of an earlier version
 */
export async function newestState(
  { path, checkpoints }: RunFolder,
  run: Identity,
): Promise<{ readonly state: TrainingState; readonly file: string }> {
  const update = (await checkpointUpdates(checkpoints)).at(-1);
  if (update === undefined)
    throw new UserError('has no checkpoint yet', { file: path, hint: 'Train for longer' });
  const file = checkpointPath(checkpoints, update);
  const reading = await readCheckpoint(file, pretrainOrigin(run), keptSchema(stateSchema), otherVersionHint);
  if ('damage' in reading) throw reading.damage;
  return { state: reading.state.state, file };
}

/** The parameters and moments that are expected, no others. */
function fitting(state: TrainingState, expected: TrainingState, file: string): TrainingState {
  const tree = (whose: string, own: HostParameters, like: HostParameters): HostParameters =>
    Object.fromEntries(
      Object.entries(like).map(([name, { shape }]) => {
        const tensor = own[name];
        if (tensor?.shape.join() === shape.join()) return [name, tensor];
        throw new UserError(`${whose} ${name} is missing or has the wrong shape`, {
          file,
          hint: 'Start again without --resume',
        });
      }),
    );
  const { student, teacher, adam } = expected;
  return {
    student: tree('student', state.student, student),
    teacher: tree('teacher', state.teacher, teacher),
    adam: {
      first: tree('first moment', state.adam.first, adam.first),
      second: tree('second moment', state.adam.second, adam.second),
    },
  };
}
