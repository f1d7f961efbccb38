/** @file The fixed part of a task's data that a probe uses: few utterances, of as many classes as there are. */
import type { Task, TaskData } from '../../api/task.js';
import { UserError } from '../../base/errors.js';
import { randomStream } from '../../base/random.js';
import type { Utterance } from '../../data/rows.js';

/** The utterances of a probe: heads learn from `train`, and are chosen and judged on `dev`. The test split is left alone. */
export interface ProbeData {
  readonly train: readonly Utterance[];
  readonly dev: readonly Utterance[];
}

/** The draw is the same for every run, so that runs can be compared. */
const seed = 1337;

/**
 * At most so many utterances of train and half as many of dev, those of dev of classes that train has.
 * @throws UserError where none of dev is left
 */
export function probeData(
  { name, classes = [] }: Pick<Task, 'name' | 'classes'>,
  { train, dev }: Pick<TaskData, 'train' | 'dev'>,
  most: number,
): ProbeData {
  const learnt = spread(train, classes, most, `probe ${name} train`);
  const known = classes.map(
    (column) => [column, new Set(learnt.map(({ columns }) => columns[column]))] as const,
  );
  const judged = dev.filter(({ columns }) => known.every(([column, labels]) => labels.has(columns[column])));
  if (judged.length === 0)
    throw new UserError(
      `the probe of the task '${name}' has no dev utterance of a class that its ${learnt.length} train utterances have`,
      { hint: 'Use more utterances, with --probe-limit' },
    );
  return { train: learnt, dev: spread(judged, classes, Math.ceil(most / 2), `probe ${name} dev`) };
}

/** So many of the utterances, drawn from each class in turn, in their own order. */
function spread(
  utterances: readonly Utterance[],
  classes: readonly string[],
  most: number,
  purpose: string,
): readonly Utterance[] {
  if (utterances.length <= most) return utterances;
  const groups = new Map<string, number[]>();
  for (const [place, { columns }] of utterances.entries()) {
    const label = JSON.stringify(classes.map((column) => columns[column]));
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [place]);
    else group.push(place);
  }
  const random = randomStream(seed, purpose);
  const turns = random
    .shuffle([...groups.values()])
    .flatMap((group) => random.shuffle(group).map((place, turn) => ({ place, turn })))
    .sort((a, b) => a.turn - b.turn);
  return turns
    .slice(0, most)
    .map(({ place }) => place)
    .sort((a, b) => a - b)
    .map((place) => utterances[place] as Utterance);
}
