/** @file A training run small enough for tests: seconds of synthetic audio, a model of two blocks. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '../audio/index.js';
import { sha256OfFile } from '../base/files.js';
import { randomStream } from '../base/random.js';
import type { Utterance } from '../data/manifest.js';
import type { Engine } from '../engine/engine.js';
import { engineUnderTest, normals } from '../engine/engines.fixture.js';
import { adamStart } from '../nn/adam.js';
import { type PretrainConfig, pretrainPreset } from './config.js';
import { runFolder } from './run-folder.js';
import type { TrainingState } from './step.js';
import { type PretrainOptions, pretrain, type StepLog } from './train.js';

const noDropout = {
  attention: 0,
  encoder: 0,
  activation: 0,
  afterMlp: 0,
  decoderInput: 0,
  prenet: 0,
  layer: 0,
} as const;
const base = pretrainPreset('base');

/** Log-mel frames, six steps. */
export const melConfig: PretrainConfig = {
  ...base,
  encoder: {
    ...base.encoder,
    frontend: { type: 'mel', bins: 8, stack: 2 },
    width: 32,
    heads: 2,
    prenetBlocks: 1,
    blocks: 1,
    position: { kernel: 5, layers: 1, groups: 4 },
    decoder: { width: 16, groups: 4, kernel: 3, layers: 2 },
    dropout: noDropout,
  },
  batch: { size: 2, cropSeconds: [0.3, 0.4] },
  optimizer: { ...base.optimizer, learningRate: 1e-3, warmupSteps: 2, steps: 6 },
  teacher: { decay: 0.99, endDecay: 0.999, annealSteps: 6, topBlocks: 1 },
  collapse: { targetVariance: 0, predictionVariance: 0 },
  seed: 3,
  checkpointEvery: 2,
  keepCheckpoints: 2,
};

/** A run that is over after its first update. */
export const oneStepConfig: PretrainConfig = {
  ...melConfig,
  optimizer: { ...melConfig.optimizer, steps: 1 },
};

/** Waveform convolutions instead, four steps on crops of one length. */
export const convConfig: PretrainConfig = {
  ...melConfig,
  batch: { size: 2, cropSeconds: [0.35] },
  optimizer: { ...melConfig.optimizer, steps: 4 },
  encoder: {
    ...melConfig.encoder,
    frontend: {
      type: 'conv',
      layers: [
        [8, 10, 8],
        [8, 4, 4],
        [16, 4, 4],
        [16, 2, 2],
      ],
    },
  },
};

/** Everything that can be left out is left out now and then. */
export const droppingConfig: PretrainConfig = {
  ...melConfig,
  batch: { size: 2, cropSeconds: [0.35] },
  optimizer: { ...melConfig.optimizer, steps: 4 },
  encoder: {
    ...melConfig.encoder,
    dropout: {
      attention: 0.1,
      encoder: 0.1,
      activation: 0.1,
      afterMlp: 0.1,
      decoderInput: 0.1,
      prenet: 0.1,
      layer: 0.5,
    },
  },
};

/** Five utterances of half a second to a second: a tone each, in noise. */
export async function writeUtterances(folder: string): Promise<Utterance[]> {
  const utterances: Utterance[] = [];
  for (let index = 0; index < 5; index++) {
    const random = randomStream(2, 'utterance', index);
    const step = (2 * Math.PI * (150 + 130 * index)) / 16000;
    const samples = Float32Array.from(
      { length: 8000 + 2000 * index },
      (_, i) => 0.3 * Math.sin(step * i) * Math.sin(i / 1500) + 0.05 * random.normal(),
    );
    const path = join(folder, `${index}.wav`);
    await writeWav(path, samples, 16000);
    utterances.push({
      id: `u${index}`,
      path,
      split: 'train',
      columns: {},
      line: index + 2,
      manifest: 'test.csv',
    });
  }
  return utterances;
}

export const trainingEngine = (): Promise<Engine> => engineUnderTest('onnx');

type OwnOptions = Partial<Pick<PretrainOptions, 'resume' | 'engine' | 'signal' | 'onStep'>>;

/** A folder for the runs of a test file, on utterances of its own. */
export async function trainingPlace(purpose: string) {
  const folder = await mkdtemp(join(tmpdir(), `ehmam-${purpose}-`));
  const utterances = await writeUtterances(folder);
  const outOf = (name: string): string => join(folder, name);
  const train = async (name: string, config: PretrainConfig, options: OwnOptions = {}) => {
    const engine = options.engine ?? (await trainingEngine());
    return pretrain({ config, utterances, out: outOf(name), quiet: true, ...options, engine });
  };
  /** Stops a run after some steps, as Ctrl-C does. */
  const interrupt = async (name: string, config: PretrainConfig, steps: number, resume = false) => {
    const controller = new AbortController();
    const engine = interrupting(await trainingEngine(), steps, () => controller.abort());
    return train(name, config, { engine, resume, signal: controller.signal });
  };
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, utterances, outOf, train, interrupt, remove };
}

/** An engine that calls `after` once a student's step has run so often. */
export function interrupting(engine: Engine, steps: number, after: () => void): Engine {
  return {
    ...engine,
    compile: (fn, options) => {
      const program = engine.compile(fn, options);
      if (options.name !== 'student step') return program;
      let done = 0;
      return {
        ...program,
        run: async (inputs) => {
          const outputs = await program.run(inputs);
          done++;
          if (done === steps) after();
          return outputs;
        },
      };
    },
  };
}

type Times = 'seconds' | 'stepsPerSecond' | 'waiting';

/** The log's lines without the times, which no two runs share. */
export async function logOf(out: string): Promise<Omit<StepLog, Times>[]> {
  const lines = (await readFile(runFolder(out).log, 'utf8')).trim().split('\n');
  return lines.map((line) => {
    const {
      seconds: _seconds,
      stepsPerSecond: _rate,
      waiting: _waiting,
      ...rest
    } = JSON.parse(line) as StepLog;
    return rest;
  });
}

/** Digests of the trained encoder and its teacher. */
export const weightsOf = async (out: string): Promise<string[]> =>
  Promise.all([sha256OfFile(runFolder(out).student), sha256OfFile(runFolder(out).teacher)]);

/** The state of a toy training: values that are the purpose's own. */
export function stateOf(purpose: string): TrainingState {
  const student = { 'blocks.0.w': normals([2, 3], purpose), b: normals([3], purpose) };
  return {
    student,
    teacher: { b: normals([3], `${purpose} teacher`) },
    adam: {
      ...adamStart(student),
      second: { 'blocks.0.w': normals([2, 3], 'second'), b: normals([3], 'second') },
    },
  };
}
