/** @file The recipes that `npm run recipe` compares: settings of pre-training that replace those of a preset. */

export interface Variant {
  readonly name: string;
  /** What it changes, for the table. */
  readonly about: string;
  /** `random` where the masking is not the question. */
  readonly masking: 'random' | 'easy-to-hard';
  /** As a file of `ehmam pretrain --config` has them. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A teacher that leaves its start: it looks back over a fiftieth of the run at first, over a fifth at its end. */
const memory = { start: 0.02, end: 0.2 };

/** Each against `released`, one change at a time; then those that help together. */
const recipes: readonly Variant[] = [
  { name: 'released', about: 'the preset', masking: 'random', settings: {} },
  {
    name: 'own-mean',
    about: "the utterance's mean beside the targets",
    masking: 'random',
    settings: { teacher: { ownMean: 0.5 } },
  },
  {
    name: 'layer',
    about: 'targets normalised over channels',
    masking: 'random',
    settings: { teacher: { normalization: 'layer' } },
  },
  {
    name: 'memory',
    about: "the teacher's average over shares of the run",
    masking: 'random',
    settings: { teacher: { memory } },
  },
  {
    name: 'longer-memory',
    about:
      'the average over twenty times longer shares: as much is left of its start as in 2,400 updates of the preset',
    masking: 'random',
    settings: { teacher: { memory: { start: 0.4, end: 4 } } },
  },
  {
    name: 'layer-longer-memory',
    about: 'that, and targets normalised over channels',
    masking: 'random',
    settings: { teacher: { memory: { start: 0.4, end: 4 }, normalization: 'layer' } },
  },
  {
    name: 'memory-own-mean',
    about: 'both',
    masking: 'random',
    settings: { teacher: { memory, ownMean: 0.5 } },
  },
  {
    name: 'memory-variance',
    about: 'the average over shares of the run, and a loss of small variance',
    masking: 'random',
    settings: { teacher: { memory }, variance: { weight: 1, floor: 0.5 } },
  },
  {
    name: 'first-block',
    about: 'targets of the first shared block alone',
    masking: 'random',
    settings: { teacher: { blocks: [0] } },
  },
  {
    name: 'decay',
    about: 'weight decay 2.5: decay x rate x updates as the released recipe has it, in 600 updates',
    masking: 'random',
    settings: { optimizer: { weightDecay: 2.5 } },
  },
  {
    name: 'memory-decay',
    about: 'that, and the average over shares of the run',
    masking: 'random',
    settings: { optimizer: { weightDecay: 2.5 }, teacher: { memory } },
  },
  {
    name: 'slow-rate',
    about: 'a quarter of the learning rate',
    masking: 'random',
    settings: { optimizer: { learningRate: 5e-4 } },
  },
  {
    name: 'long-crops',
    about: 'half as many crops of twice the length',
    masking: 'random',
    settings: { batch: { size: 8, cropSeconds: [2.4, 3.2, 4] } },
  },
];

/** The loss predictor in the teacher's place, each by its weights, what it reads and what it learns from. */
const predictors: readonly Variant[] = (
  [
    ['averaged', 'targets', 'student', 'as released'],
    ['student', 'targets', 'student', "the student's weights"],
    ['student', 'encoder', 'student', "the student's weights, reading the teacher's encoder output"],
    ['student', 'encoder', 'teacher', "the same, trained on the teacher's encoder output"],
    ['student', 'targets', 'teacher', "the student's weights, reading targets and trained on them"],
  ] as const
).map(([weights, reads, learnsFrom, about]) => ({
  name: `${weights}-reads-${reads}${learnsFrom === 'teacher' ? '-learns-it' : ''}`,
  about: `predictor: ${about}`,
  masking: 'easy-to-hard',
  settings: { predictor: { weights, reads, learnsFrom } },
}));

export const variants: readonly Variant[] = [...recipes, ...predictors];
