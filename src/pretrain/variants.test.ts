/** @file Settings that leave the released method: each trains, changes what it says it changes, and goes on where it stopped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withChanges } from '../base/changed-settings.js';
import { floatsOf } from '../base/host-tensor.js';
import { engineUnderTest, normals, runOn } from '../engine/engines.fixture.js';
import { type PretrainConfig, pretrainPreset, pretrainSchema } from './config.js';
import { teacherPass, varianceLoss } from './model.js';
import { startState } from './start-state.js';
import { convConfig, logOf, melConfig, trainingPlace, weightsOf } from './training.fixture.js';

const { outOf, train, interrupt, remove } = await trainingPlace('variants');
afterAll(remove);

const changed = (key: string, value: unknown, config = melConfig): PretrainConfig =>
  withChanges(config, [{ key, value }], pretrainSchema);

const variants: readonly (readonly [string, PretrainConfig])[] = [
  ["the student's predictor", changed('predictor.weights', 'student')],
  ['a predictor that reads the encoder', changed('predictor.reads', 'encoder')],
  ['one that learns from targets', changed('predictor.learnsFrom', 'teacher')],
  [
    "one that learns from the teacher's encoder",
    changed('predictor', { weights: 'student', reads: 'encoder', learnsFrom: 'teacher' }, convConfig),
  ],
  ['a teacher by shares of the run', changed('teacher.memory', { start: 0.1, end: 0.5 })],
  ['targets of one block, normalised by frame', changed('teacher.normalization', 'layer')],
  ['targets that keep the mean of the utterance', changed('teacher.ownMean', 0.5)],
  ['a loss of small variance', changed('variance.weight', 1)],
  ['a constant rate', changed('optimizer.schedule', 'constant')],
];

const releasedOf = ({ encoder }: PretrainConfig): string => `released, ${encoder.frontend.type}`;
beforeAll(async () => {
  for (const config of [melConfig, convConfig]) await train(releasedOf(config), config);
});

it.each(variants)('%s trains other weights than the released method', async (name, config) => {
  await train(name, config);
  expect(await weightsOf(outOf(name))).not.toEqual(await weightsOf(outOf(releasedOf(config))));
});

/** Those whose state or schedule a run that goes on must find again. */
const kept = [
  "one that learns from the teacher's encoder",
  'a teacher by shares of the run',
  'a constant rate',
];
it.each(variants.filter(([name]) => kept.includes(name)))(
  '%s ends the same where it was stopped',
  async (name, config) => {
    expect(await interrupt(`${name}, stopped`, config, 3)).toMatchObject({ steps: 3 });
    expect(await train(`${name}, stopped`, config, { resume: true })).toMatchObject({ finished: true });
    expect(await weightsOf(outOf(`${name}, stopped`))).toEqual(await weightsOf(outOf(name)));
    expect(await logOf(outOf(`${name}, stopped`))).toEqual(await logOf(outOf(name)));
  },
);

it('parts of a batch train as the whole does, whatever the predictor reads', async () => {
  const predictor = { weights: 'student', reads: 'encoder', learnsFrom: 'teacher' } as const;
  const batch = { size: 4, cropSeconds: [0.35] };
  await train('whole', { ...melConfig, predictor, batch });
  await train('parts', { ...melConfig, predictor, batch: { ...batch, size: 2, accumulate: 2 } });
  const [whole, parts] = [await logOf(outOf('whole')), await logOf(outOf('parts'))];
  for (const [i, line] of whole.entries()) {
    expect((parts[i] as typeof line).loss / line.loss).toBeCloseTo(1, 4);
    expect(parts[i]?.studentCorrelation).toBeCloseTo(line.studentCorrelation as number, 1);
  }
});

it('the log says how every prediction ranks the masked frames', async () => {
  for (const line of await logOf(outOf(releasedOf(melConfig))))
    for (const name of ['studentCorrelation', 'targetsCorrelation', 'encoderCorrelation'] as const) {
      expect(line[name]).toBeGreaterThanOrEqual(-1);
      expect(line[name]).toBeLessThanOrEqual(1);
    }
});

describe('targets', () => {
  const { encoder, seed } = melConfig;
  const two = { ...encoder, blocks: 2 };
  const features = normals([2, 20, encoder.width], 'features');
  const targetsBy = async (settings: Partial<PretrainConfig['teacher']>): Promise<Float32Array> => {
    const { teacher } = startState({ encoder: two, seed });
    const inputs = { teacher, features };
    type In = { teacher: Parameters<typeof teacherPass>[1]; features: Parameters<typeof teacherPass>[2] };
    const { targets } = await runOn<In, Pick<ReturnType<typeof teacherPass>, 'targets'>>(
      'onnx',
      (given) => ({
        targets: teacherPass(two, given.teacher, given.features, { topBlocks: 2, ...settings }).targets,
      }),
      inputs,
    );
    return floatsOf(targets);
  };
  const close = (a: Float32Array, b: Float32Array): number =>
    Math.max(...a.map((x, i) => Math.abs(x - (b[i] as number))));

  it('are the mean over the blocks that are named', async () => {
    const [first, second] = [await targetsBy({ blocks: [0] }), await targetsBy({ blocks: [1] })];
    expect(close(await targetsBy({ topBlocks: 1 }), second)).toBeLessThan(1e-5);
    const mean = first.map((x, i) => (x + (second[i] as number)) / 2);
    expect(close(await targetsBy({}), mean)).toBeLessThan(1e-5);
    expect(close(await targetsBy({ blocks: [1, 0] }), mean)).toBeLessThan(1e-5);
  });

  it('have no mean over time by instance, none over channels by layer', async () => {
    const mean = (values: Float32Array, places: (i: number) => number): number =>
      Math.abs(
        Array.from({ length: 20 }, (_, i) => values[places(i)] as number).reduce((a, b) => a + b) / 20,
      );
    expect(mean(await targetsBy({}), (t) => t * encoder.width)).toBeLessThan(1e-5);
    const layer = await targetsBy({ normalization: 'layer', blocks: [0] });
    const row = layer.subarray(0, encoder.width);
    expect(Math.abs(row.reduce((a, b) => a + b) / encoder.width)).toBeLessThan(1e-5);
    expect(mean(layer, (t) => t * encoder.width)).toBeGreaterThan(1e-3);
  });

  it('keep the mean of the utterance beside them, as much in every frame', async () => {
    const [plain, kept] = [await targetsBy({}), await targetsBy({ ownMean: 0.5 })];
    const added = kept.map((x, i) => x - (plain[i] as number));
    for (let c = 0; c < encoder.width; c++)
      expect(added[c]).toBeCloseTo(added[19 * encoder.width + c] as number, 4);
    // Half of what has unit variance over channels, averaged over two blocks.
    expect(Math.max(...added.subarray(0, encoder.width))).toBeGreaterThan(0.2);
  });
});

it('the variance loss is what the deviation of a channel lacks, over frames that are no padding', async () => {
  const engine = await engineUnderTest('wasm');
  type In = { x: Parameters<typeof varianceLoss>[0]; padding: Parameters<typeof varianceLoss>[1] };
  const program = engine.compile((given: In) => ({ loss: varianceLoss(given.x, given.padding, 2) }), {
    name: 'variance loss',
  });
  // Deviations of 0 and the square root of 2 over the first two frames; the third is padding.
  const x = { ...normals([1, 3, 2], 'x'), data: Float32Array.from([5, 1, 5, 3, 99, 99]) };
  const padding = { ...normals([1, 3], 'padding'), data: Float32Array.from([0, 0, 1]) };
  const { loss } = await program.run({ x, padding });
  await program.dispose();
  expect(loss.data[0]).toBeCloseTo((2 + (2 - Math.SQRT2)) / 2, 2);
});

it('a block that does not exist is refused, as are settings of presets that name no such thing', () => {
  const tiny = pretrainPreset('tiny');
  const set = (key: string, value: unknown) => withChanges(tiny, [{ key, value }], pretrainSchema);
  expect(() => set('teacher.blocks', [0, 3])).toThrow(/expected less than 3, the number of shared blocks/);
  expect(() => set('predictor.reads', 'waveform')).toThrow(/predictor\.reads/);
  expect(() => set('teacher.memory', { start: 0.1 })).toThrow(/teacher\.memory\.end/);
  expect(set('predictor.weights', 'student').predictor).toEqual({
    ...{ weights: 'student', reads: 'targets', learnsFrom: 'student' },
  });
  for (const name of ['predictor', 'variance'] as const)
    expect(pretrainSchema.parse(tiny)).not.toHaveProperty(name);
});
