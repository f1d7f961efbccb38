/** @file Writes an ONNX file and runs it, in a session of its own, against the engine before it counts as written. */
import { access, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, parse } from 'node:path';
import type { Tensor as OnnxTensor } from 'onnxruntime-node';
import { amplified, normalizeWaveform } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { moveFile, sha256OfFile, unfinishedPlace, writeFileAtomic } from '../../base/files.js';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { hintOfName } from '../../base/names.js';
import { randomStream } from '../../base/random.js';
import type { Encoder } from '../../encoders/encoder.js';
import type { RecognitionLayer } from '../../encoders/recognition.js';
import { createEngine } from '../../engine/create.js';
import type { Engine } from '../../engine/engine.js';
import { ort } from '../../engine/onnxruntime.js';
import type { Tensor } from '../../engine/ops.js';
import { type Extractor, extractHiddenStates } from '../../features/extract.js';
import { headKinds } from '../../heads/registry.js';
import { headFileName, readHead, type TrainedHead } from '../../heads/trained.js';
import { type Behind, encoderFunction, exportedModel, outputsOf } from './program.js';

/** Largest difference from the engine, relative to the output's largest value where that is above 1. */
const tolerance = 1e-4;

export interface LengthCheck {
  readonly samples: number;
  /** Of the first output, after its batch: frames, steps, or classes. */
  readonly shape: readonly number[];
  readonly difference: number;
}

export interface WrittenModel {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly encoder: { readonly name: string; readonly hash: string };
  readonly task?: string;
  /** Whose head it is, of a task that is cross-validated. */
  readonly fold?: string;
  readonly outputs: readonly string[];
  /** The file in a session of its own against the engine, at three lengths. */
  readonly checks: readonly LengthCheck[];
}

export interface ExportOptions {
  /** The folder of a result (`results/<encoder>/<task>`). */
  readonly head?: string | undefined;
  /** Whose head is taken, of a task that is cross-validated (default: the first one's). */
  readonly fold?: string | undefined;
  /** The output layer of a fine-tuned encoder: its logits come out beside the hidden states, where no head goes along. */
  readonly recognition?: RecognitionLayer | undefined;
  readonly threads?: number;
}

/**
 * Writes an encoder, with the head of a result if one is named, as one ONNX file.
 * @throws UserError for a head of another encoder, for weights beyond 2 GiB, and (exit code 1) for a file that cannot
 *   be written or does not compute what the engine does (it is removed)
 */
export async function exportOnnx(
  encoder: Encoder,
  file: string,
  options: ExportOptions = {},
): Promise<WrittenModel> {
  const { threads = availableParallelism() } = options;
  const head = options.head === undefined ? undefined : await headOf(encoder, options.head, options.fold);
  const { task, fold } = head?.origin ?? {};
  const behind: Behind = { head, recognition: options.recognition };
  const model = await exportedModel(encoder, behind);
  // It bears its name only when it has proved itself.
  const unchecked = unfinishedPlace(file);
  await writeFileAtomic(unchecked, model);
  try {
    const expected = await engineOutputs(encoder, behind, threads);
    const { outputs, checks } = await compare(unchecked, expected, threads);
    // What is no regular file cannot be read again.
    const sha256 = await sha256OfFile(unchecked);
    await moveFile(unchecked, file);
    const { name, hash } = encoder;
    return {
      file,
      bytes: model.length,
      sha256,
      encoder: { name, hash },
      ...(task !== undefined && { task }),
      ...(fold !== undefined && { fold }),
      outputs,
      checks,
    };
  } catch (error) {
    await rm(unchecked, { force: true });
    throw error;
  }
}

export async function headOf(encoder: Encoder, given: string, fold: string | undefined) {
  // The file of the head itself, or its name without the ending, means its folder.
  const isHead = [headFileName, parse(headFileName).name].includes(basename(given));
  const folder = isHead ? dirname(given) : given;
  const file = join(folder, headFileName);
  await access(file).catch((cause: unknown) => {
    throw new UserError('no such file', {
      file,
      hint: "Pass a result folder written by 'ehmam run' (results/ENCODER/TASK). If it has no head, run the task again with another --out",
      cause,
    });
  });
  const head = fold === undefined ? await readHead(file) : await headOfFold(folder, fold);
  if (head.origin.encoderHash === encoder.hash) return head;
  throw new UserError(`was trained on a different encoder than '${encoder.spec}'`, {
    file,
    hint: 'Use the encoder of that result, with the same --weights and --seed',
  });
}

/** The head of a fold, beside those of the others. */
async function headOfFold(folder: string, fold: string) {
  const { name, ext } = parse(headFileName);
  const files = (await readdir(folder)).filter((file) => file.startsWith(name) && file.endsWith(ext)).sort();
  const heads = await Promise.all(files.map((file) => readHead(join(folder, file))));
  const head = heads.find(({ origin }) => origin.fold === fold);
  if (head !== undefined) return head;
  const names = heads.flatMap(({ origin }) => origin.fold ?? []);
  throw new UserError(`has no head of fold '${fold}'`, {
    file: folder,
    hint: names.length === 0 ? 'The task has no folds: remove --fold' : hintOfName(fold, names),
  });
}

/** What goes in and comes out at one length. */
interface Run {
  readonly samples: Float32Array;
  readonly outputs: Readonly<Record<string, HostTensor>>;
}

/** The engine's outputs for three lengths: the shortest, and two that are multiples of nothing. */
async function engineOutputs(encoder: Encoder, behind: Behind, threads: number): Promise<Run[]> {
  const { head } = behind;
  const engine = await createEngine('onnx', { threads });
  const program = encoder.graph
    ? graphProgram(engine, encoder, head)
    : tracedProgram(engine, encoder, behind);
  const runs: Run[] = [];
  const { minimumSamples, hopSamples } = encoder;
  const frames = head === undefined ? 1 : (headKinds.find(head.kind).fewestFrames ?? 1);
  const shortest = Math.ceil(minimumSamples + (frames - 1) * hopSamples);
  for (const length of [shortest, shortest + 12_345, 40_001]) {
    const samples = testSignal(length);
    runs.push({ samples, outputs: await program(samples) });
  }
  await program.dispose();
  return runs;
}

type OutputsOf = Extractor<Readonly<Record<string, HostTensor>>>;

function tracedProgram(engine: Engine, encoder: Encoder, behind: Behind): OutputsOf {
  const { head } = behind;
  const program = engine.compile(encoderFunction(encoder, behind), {
    name: `check of ${encoder.name}`,
    dynamicAxes: { waveform: 1 },
  });
  const run = async (samples: Float32Array): Promise<Readonly<Record<string, HostTensor>>> => {
    const heard = amplified(samples, head?.gainDecibels);
    const waveform = encoder.normalizesWaveform ? normalizeWaveform(heard, encoder.waveformEpsilon) : heard;
    return program.run({ waveform: float32([1, samples.length], waveform) });
  };
  return Object.assign(run, { dispose: () => program.dispose() });
}

/** The same of an ONNX file: its hidden states as they are stored, and the head by itself. */
function graphProgram(engine: Engine, encoder: Encoder, head: TrainedHead | undefined): OutputsOf {
  const extract = extractHiddenStates(engine, encoder);
  const names = encoder.dims.map((_, i) => `hidden.${i}`);
  const program = engine.compile(
    (states: Readonly<Record<string, Tensor>>) =>
      outputsOf(
        names.map((name) => states[name] as Tensor),
        { head },
      ),
    {
      name: `check of a head on ${encoder.name}`,
      dynamicAxes: Object.fromEntries(names.map((name) => [name, 1])),
    },
  );
  const run = async (samples: Float32Array): Promise<Readonly<Record<string, HostTensor>>> => {
    const states = await extract(amplified(samples, head?.gainDecibels));
    return program.run(
      Object.fromEntries(
        states.map((state, i) => [names[i] as string, { ...state, shape: [1, ...state.shape] }]),
      ),
    );
  };
  const dispose = async (): Promise<void> => {
    await program.dispose();
    await extract.dispose();
  };
  return Object.assign(run, { dispose });
}

/** Noise with an offset, so that normalisation has work to do. */
function testSignal(length: number): Float32Array {
  const random = randomStream(1, 'export check', length);
  return Float32Array.from({ length }, () => 0.05 + 0.2 * random.normal());
}

/** The file in a session of its own beside what the engine gave. */
async function compare(file: string, runs: readonly Run[], threads: number) {
  const session = await ort().InferenceSession.create(file, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const outputs = [...session.outputNames];
  const checks: LengthCheck[] = [];
  for (const { samples, outputs: expected } of runs) {
    const waveform = new (ort().Tensor)('float32', samples, [1, samples.length]);
    const actual = await session.run({ waveform });
    const differences = outputs.map((name) => difference(actual[name], expected[name]));
    const largest = Math.max(...differences);
    if (!(largest < tolerance)) {
      throw new UserError(
        `the exported file differs from the engine by ${largest} for ${samples.length} samples`,
        { exitCode: 1, file, hint: 'No file was written; please report this with the encoder' },
      );
    }
    const shape = actual[outputs[0] as string]?.dims.slice(1) ?? [];
    checks.push({ samples: samples.length, shape, difference: largest });
  }
  await session.release();
  return { outputs, checks };
}

/** Infinite where shapes differ. */
function difference(actual: OnnxTensor | undefined, expected: HostTensor | undefined): number {
  if (actual === undefined || expected === undefined || actual.dims.join() !== expected.shape.join())
    return Number.POSITIVE_INFINITY;
  const reference = floatsOf(expected);
  let [most, scale] = [0, 1];
  for (const [i, value] of (actual.data as Float32Array).entries()) {
    const wanted = reference[i] as number;
    scale = Math.max(scale, Math.abs(wanted));
    // Written so that a NaN is taken too.
    if (!(Math.abs(value - wanted) <= most)) most = Math.abs(value - wanted);
  }
  return most / scale;
}

/** The result as lines. */
export function exportText({ file, bytes, outputs, checks, task, fold }: WrittenModel): string {
  const [first, last] = [outputs[0], outputs.at(-1)];
  const names = outputs.length > 1 ? `${first} ... ${last}` : first;
  return [
    `${names} of waveform [1, samples]${task === undefined ? '' : `, task ${task}`}${fold === undefined ? '' : `, head of fold ${fold}`}`,
    ...checks.map(
      ({ samples, shape, difference: apart }) =>
        `  ${samples} samples: ${first} [1, ${shape.join(', ')}], within ${apart.toExponential(1)} of the engine`,
    ),
    `written to ${file} (${(bytes / 1e6).toFixed(1)} MB)`,
  ].join('\n');
}
