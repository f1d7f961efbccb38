/** @file The jobs of a suite and the graph they make: plain data that is written as JSON and done anywhere. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ManifestHashes } from '../data/manifest.js';
import type { OfficialWeights } from '../encoders/official/weights.js';
import type { EngineSettings } from '../engine/choice.js';
import type { EngineName } from '../engine/engine.js';
import type { FeatureKind } from '../features/encoding.js';
import type { StoredType } from '../features/shards.js';
import type { DecodingLm } from '../finetune/decoding/settings.js';
import type { FinetuneSettings } from '../finetune/settings.js';
import type { PretrainConfig } from '../pretrain/config.js';
import { canonical, type Training } from './plan.js';
import type { AnalysisOfRun, Resources, SuiteTask } from './schema.js';

export const jobKinds = ['pretrain', 'finetune', 'features', 'head'] as const;
export type JobKind = (typeof jobKinds)[number];

/** What a worker needs to load an encoder. */
export interface EncoderSource {
  /** Its name in tables. */
  readonly name: string;
  /** Relative ones are relative to the graph's working folder. */
  readonly spec: string;
  /** For `random:<preset>`. */
  readonly seed: number;
  readonly weights?: OfficialWeights | undefined;
  /** What is known of it before it is loaded; nothing of one that the suite trains first. */
  readonly hash?: string | undefined;
  /** How many numbers it has: what it costs in time and memory. */
  readonly parameters?: number | undefined;
}

interface JobBase {
  /** SHA-256 of everything that decides what comes out of the job. */
  readonly key: string;
  /** Keys of the jobs that must be done before. */
  readonly needs: readonly string[];
  /** For people: `ks head on tiny`. */
  readonly title: string;
  readonly resources: Resources;
  /** How much work it is, in the unit of its kind: see `estimate.ts`. */
  readonly work: number;
}

export interface PretrainJob extends JobBase {
  readonly kind: 'pretrain';
  readonly encoder: string;
  readonly config: PretrainConfig;
  /** The checkpoint whose weights it starts with. */
  readonly init?: { readonly spec: string; readonly hash: string } | undefined;
  readonly manifest: string;
  readonly root?: string | undefined;
  readonly split: string;
  /** What the encoder is probed with while it trains; it changes nothing of what comes out. */
  readonly probe?:
    | { readonly every: number; readonly limit: number; readonly tasks: readonly SuiteTask[] }
    | undefined;
  /** What the run is analysed over when it is done, into its folder `analysis`. */
  readonly analysis?: AnalysisOfRun | undefined;
  /** The folder of the run, from the working folder. */
  readonly out: string;
}

export interface FinetuneJob extends JobBase {
  readonly kind: 'finetune';
  /** The one that training begins with. */
  readonly encoder: EncoderSource;
  /** The entry of the suite, and what is trained by it: encoder, entry, fold, seed. */
  readonly entry: string;
  readonly name: string;
  readonly settings: FinetuneSettings;
  /** As the record names it. */
  readonly preset: string;
  readonly manifest: string;
  /** Where another manifest names the dev split. */
  readonly dev?: string | undefined;
  readonly root?: string | undefined;
  readonly lm?: DecodingLm | undefined;
  /** The folder of the fine-tuned encoder, from the working folder. */
  readonly out: string;
}

export interface FeaturesJob extends JobBase {
  readonly kind: 'features';
  readonly encoder: EncoderSource;
  /** One of the tasks over this audio: it says which utterances there are. */
  readonly task: SuiteTask;
  readonly hashes: ManifestHashes;
  /** How many the corpus has. */
  readonly utterances: number;
  readonly store: FeatureKind;
  readonly frameType?: StoredType | undefined;
  /** Which part of the corpus, counted from 0, of how many. */
  readonly part: { readonly index: number; readonly of: number };
}

export interface HeadJob extends JobBase {
  readonly kind: 'head';
  readonly encoder: EncoderSource;
  readonly task: SuiteTask;
  readonly hashes: ManifestHashes;
  /** A rough guess for a unit of its work, where nothing like it was measured. */
  readonly secondsPerUnit: number;
  /** Heads of several seeds train together where they can. */
  readonly seeds: readonly number[];
  /** Whether they are trained on every hidden state alone too. */
  readonly layerwise?: boolean;
}

export type Job = PretrainJob | FinetuneJob | FeaturesJob | HeadJob;

/** What could not be planned, so that no job does it: its data cannot be used as it is. */
export interface Problem {
  readonly title: string;
  readonly message: string;
}

/** Jobs (each after those it needs) and what they have in common. */
export interface JobGraph {
  readonly version: 2;
  readonly suite: string;
  /** The working folder that relative paths are relative to. */
  readonly folder: string;
  /** Where records go: `<out>/<encoder>/<task>`, or `<out>/seed-<n>/...` where `seedFolders` says so. */
  readonly out: string;
  readonly seedFolders: boolean;
  readonly cacheFolder: string;
  readonly engine: { readonly name: EngineName } & EngineSettings;
  readonly training: Training;
  readonly maxBadShare: number;
  /** What stored features may take on disk: frames beyond it are computed when they are read. */
  readonly featureBudgetBytes?: number | undefined;
  /** Whether stored features are read and checked in whole, whatever says that they are as they were left. */
  readonly verifyFeatures?: boolean | undefined;
  /** Seconds between the checkpoints of a head in training. */
  readonly checkpointSeconds?: number | undefined;
  /** Where trainings write scalars for TensorBoard. */
  readonly tensorboard?: string | undefined;
  /** Plug-ins that every worker loads: absolute paths and names of packages. */
  readonly plugins: readonly string[];
  /** What records say of the state of the user's work; no job's output depends on it. */
  readonly revision?: string | undefined;
  readonly jobs: readonly Job[];
  readonly problems: readonly Problem[];
}

/** Raised when the work of a job changes so that what is done does not count any more. */
export const graphVersion = 1;

/** A job's key: the digest of all that decides its output. */
export function keyOf(identity: unknown): string {
  return createHash('sha256').update(canonical(identity)).digest('hex');
}

/** The folder of the results of one seed. */
export const seedFolder = (
  { seedFolders, out }: Pick<JobGraph, 'seedFolders' | 'out'>,
  seed: number,
): string => (seedFolders ? join(out, `seed-${seed}`) : out);
