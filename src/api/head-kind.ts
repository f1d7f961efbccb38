/** @file What a head kind is: what it reads of features, how it is trained, and its one forward pass from hidden states. */
import type { ZodType } from 'zod';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { CropSettings } from '../data/cropping.js';
import type { Pair } from '../data/pairs.js';
import type { Engine } from '../engine/engine.js';
import type { Tensor } from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import type { Features } from '../features/reader.js';
import type { StoredType } from '../features/shards.js';
import type { HeadSpec } from './head-spec.js';
import type { PresetName } from './presets.js';
import type { Columns, Split, TaskMetric } from './task.js';

/** How much data a task has, by split. */
export type DataSize = Readonly<
  Record<
    Split,
    {
      readonly utterances: number;
      readonly seconds: number;
      /** Of a task that judges pairs. */
      readonly pairs: number;
      /** Over all pairs, the seconds of the first utterance times those of the second. */
      readonly pairSeconds: number;
    }
  >
>;

/** What a head says of one utterance, or of one pair of them. */
export interface Prediction {
  readonly columns: Columns;
  readonly tensors?: Readonly<Record<string, HostTensor>>;
}

/** How a training is kept while it is not done. Whoever takes its result removes the file. */
export interface Keeping {
  readonly file: string;
  /** All that decides the result beside what training itself is given: encoder, data, task, engine. */
  readonly origin: Readonly<Record<string, unknown>>;
  /** The file is written no more often than this, and takes no more than a twentieth of the time; 0: at every safe place. */
  readonly everySeconds: number;
  /** When it is aborted, training writes its state at its next safe place, seconds later, and throws the reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a training goes on from, and why not from a file that is there. */
  readonly say?: ((remark: string) => void) | undefined;
}

/** What training is given: frozen features, what they are to predict, and how predictions are judged. */
export interface HeadWork {
  readonly engine: Engine;
  /** Of every utterance [layers, rows, dim], flat: its frames, or one row of their means, as the kind `reads`. */
  readonly features: Features;
  /** Samples between the encoder's frames, at 16 kHz. */
  readonly hopSamples: number;
  /** Where each split's utterances stand in the features. */
  readonly places: Readonly<Record<Split, readonly number[]>>;
  /** What the manifest says of them, in the same order; of a split with `pairs`, what their file says of each pair. */
  readonly references: Readonly<Record<Split, readonly Columns[]>>;
  /**
   * Of a task that judges pairs: those of each split that has some. There predictions are of pairs, in this order;
   * `first` and `second` are indices into the split's `places`.
   */
  readonly pairs?: Readonly<Partial<Record<Split, readonly Pair[]>>>;
  /** The utterance that each of train's stems from, where some are crops: one that several crops share counts once. */
  readonly trainSources?: readonly string[] | undefined;
  /** The task's first metric: it decides which checkpoint is best on dev. */
  readonly metric: TaskMetric;
  /**
   * That metric, of predictions for a split in its order.
   * @param rows some of them alone, by their places in that order (default: all)
   */
  score(predictions: readonly Prediction[], split: Split, rows?: readonly number[]): number;
  /** For progress and errors: `ks head of tiny`. */
  readonly title: string;
  readonly quiet: boolean;
  /** Told how much of the training is done, from 0 to 1: of one seed, where seeds train one after the other. */
  readonly onProgress?: ((share: number, note?: string) => void) | undefined;
  /** Told of every look at dev: of each seed and rate that trains. */
  readonly onLook?: ((look: Look) => void) | undefined;
  /** If set, an interrupted training that starts from this seed goes on from where it was. */
  readonly keepingOf?: ((seed: number) => Keeping) | undefined;
}

/** One look at dev. */
export interface CurvePoint {
  readonly update: number;
  /** Mean over the updates since the last look. */
  readonly trainLoss: number;
  readonly devMetric: number;
  /** Over dev, weighted as training weighs it. */
  readonly devLoss: number;
}

/** A look at dev while a head trains. */
export interface Look extends CurvePoint {
  readonly seed: number;
  readonly learningRate: number;
  /** Of a head on one hidden state alone: which. */
  readonly layer?: number | undefined;
}

/** Why a training ended: no better checkpoint for long, far behind another rate, a loss that is no number, or all updates done. */
export const endings = ['stalled', 'hopeless', 'diverged', 'finished'] as const;
export type Ending = (typeof endings)[number];

export interface TriedRate {
  readonly learningRate: number;
  /** The best one; null where it diverged before it had any. */
  readonly devMetric: number | null;
  /** How many updates it was trained for. */
  readonly updates: number;
  readonly ended: Ending;
}

/** What training of one seed gives. */
export interface HeadResult<Stored = unknown> {
  readonly tried: readonly TriedRate[];
  /** Null where nothing is trained. */
  readonly chosen: number | null;
  /** Of a kind that takes one hidden state, chosen on dev: the task's first metric there, of each. */
  readonly devByLayer?: readonly number[] | undefined;
  /** What a reader of the result is to know of how it came about. */
  readonly remarks?: readonly string[] | undefined;
  /** Every look at dev on the way to the head that was tested. */
  readonly curve: readonly CurvePoint[];
  /** After the softmax. */
  readonly layerWeights: readonly number[];
  /** The one that was tested: what `forward` takes. */
  readonly head: { readonly stored: Stored; readonly parameters: HostParameters };
  /** For the test split, in its order: of its pairs where it has some. */
  readonly predictions: readonly Prediction[];
  /** What was chosen by the result on test itself, where the reference does so (`checkpoint`): the record says it. */
  readonly chosenOnTest?: string | undefined;
  /** The name of the language model that test was decoded with, if any. */
  readonly languageModel?: string | undefined;
  /** Spent on the training before it was interrupted; a share of it where several heads were trained together. */
  readonly earlierSeconds: number;
}

/** What training on one hidden state alone gives. */
export interface LayerResult extends Pick<HeadResult, 'tried' | 'chosen' | 'curve' | 'predictions'> {
  /** Counted from 0, among those of the features. */
  readonly layer: number;
}

/** Utterances for a head that is trained already. */
export interface PredictionWork extends Pick<HeadWork, 'engine' | 'features' | 'hopSamples' | 'title'> {
  /** Where they stand in the features. */
  readonly places: readonly number[];
  /** Of a task that judges pairs: predictions are of these; `first` and `second` are indices into `places`. */
  readonly pairs?: readonly Pair[];
  /** What the task asks for, made of these utterances alone: what a head learnt to name stands in its stored form. */
  spec(): HeadSpec;
  /** Told what a reader of the predictions is to know. */
  readonly say?: ((remark: string) => void) | undefined;
}

/** A kind of head: plug-ins and built-in ones implement this. */
export interface HeadKind<Spec extends HeadSpec = HeadSpec, Settings = unknown, Stored = unknown> {
  readonly kind: string;
  /** One line for `ehmam list heads`. */
  readonly about: string;
  /** What a suite may set; the defaults are the preset `clean`. */
  readonly settings: ZodType<Settings>;
  /** What a preset sets in place of the defaults. */
  readonly presets?: Readonly<Partial<Record<PresetName, Readonly<Record<string, unknown>>>>>;
  /**
   * How often what a preset sets was changed, plus one, where it was: records call it `clean-2`, so that results before and
   * after stand in columns of their own.
   */
  readonly editions?: Readonly<Partial<Record<PresetName, number>>>;
  /** Which features it learns from: means over time, or frames as they are kept on disk. */
  reads(
    settings: Settings,
  ): { readonly store: 'pooled' } | { readonly store: 'frames'; readonly type: StoredType };
  /** Steps that it makes of so many frames, which are `hopSamples` apart (default: as many). */
  steps?(settings: Settings, frames: number, hopSamples: number): number;
  /** Frames below which its forward pass gives nothing: utterances with fewer are left out of every split, and named. */
  readonly fewestFrames?: number;
  /** The fewest frames, `hopSamples` apart, of a train utterance: with fewer it is left out, and named. */
  framesToLearn?(settings: Settings, hopSamples: number): number;
  /** Crops that the task is to cut, where the settings ask for any. */
  crops?(settings: Settings): CropSettings | undefined;
  /** Settings that name files, each by its path in the settings: found from the suite file, known by what they hold. */
  readonly files?: readonly (readonly string[])[];
  /** Whether heads of several seeds train in one job; else each has a job of its own. */
  readonly seedsTogether: boolean;
  /** Nothing is trained: its settings have no `learningRates`, and a suite's rates do not concern it. */
  readonly trainsNothing?: boolean;
  /** Of training so many seeds: the amount of work in the kind's own unit, and a rough guess of the seconds a unit takes. */
  cost(
    settings: Settings,
    seeds: number,
    data: DataSize,
  ): { readonly work: number; readonly secondsPerUnit: number };
  /**
   * Trains a head a seed and tests it; the same work gives the same result.
   * @returns a result a seed, in their order
   * @throws the reason of `keeping`'s signal when that is aborted
   */
  train(
    work: HeadWork,
    spec: Spec,
    settings: Settings,
    seeds: readonly number[],
  ): Promise<readonly HeadResult<Stored>[]>;
  /**
   * Trains a head a seed on every hidden state alone, and tests it, for `--layerwise` (without it, heads of the kind are left
   * out there).
   * @returns of each seed, in their order, a result a hidden state
   * @throws the reason of `keeping`'s signal when that is aborted
   */
  trainLayers?(
    work: HeadWork,
    spec: Spec,
    settings: Settings,
    seeds: readonly number[],
  ): Promise<readonly (readonly LayerResult[])[]>;
  /**
   * What a trained head says of other utterances than those that it was tested on, in their order (without it,
   * `ehmam evaluate` refuses the kind's heads).
   */
  predict?(work: PredictionWork, stored: Stored, parameters: HostParameters): Promise<readonly Prediction[]>;
  /** The classes that a head can name, by column: what has another label cannot be judged. */
  classes?(stored: Stored): Readonly<Record<string, readonly string[]>>;
  /** What stands in the metadata of a head's file: all that `forward` needs beside the parameters. */
  readonly stored: ZodType<Stored>;
  /**
   * The forward pass: the same in training, testing and exported files.
   * @param states [layers, batch, frames, dim]
   * @param lengths [batch] int32: frames of each utterance, where some are padded; without it frames may be of any number
   * @returns outputs by name, `logits` for example, each [batch, ...]
   */
  forward(
    stored: Stored,
    parameters: Parameters,
    states: Tensor,
    lengths?: Tensor,
  ): Readonly<Record<string, Tensor>>;
  /** What the free axis of an exported file's output is called (default: `frames`). */
  readonly freeAxis?: string;
}
