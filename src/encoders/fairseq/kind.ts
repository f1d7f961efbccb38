/** @file What a torch file is: a checkpoint of fairseq that can be read, or something else that has a name. */
import { plainSettings } from '../official/plain-settings.js';

/** A network of fairseq's trainer, with what decides it. */
export interface FairseqModel {
  readonly kind: 'fairseq';
  readonly family: 'hubert' | 'wav2vec2' | 'data2vec-audio' | 'wav2vec2-conformer';
  /** Settings of the network, as fairseq names them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether the waveform is normalised. */
  readonly normalize: boolean;
  /** Parameters and more, by name. */
  readonly model: ReadonlyMap<unknown, unknown>;
  /** What stands before the network's names: of a model that was fine-tuned. */
  readonly prefix: string;
}

export type TorchFileKind =
  | FairseqModel
  /** EH-MAM or data2vec 2.0, or nothing that is known: their own reader says what it lacks. */
  | { readonly kind: 'official' }
  | { readonly kind: 'other'; readonly what: string; readonly take: string };

type Settings = Readonly<Record<string, unknown>>;

const families: Readonly<Record<string, FairseqModel['family']>> = {
  hubert: 'hubert',
  wav2vec2: 'wav2vec2',
  data2vec_audio: 'data2vec-audio',
};

/** Models that hold one of those, fine-tuned, and what stands before its names there. */
const fineTuned: Readonly<Record<string, string>> = {
  wav2vec_ctc: 'w2v_encoder.w2v_model.',
  hubert_ctc: 'w2v_encoder.w2v_model.',
  wav2vec_seq2seq: 'encoder.w2v_model.',
  hubert_seq2seq: 'encoder.w2v_model.',
};

/** Models of fairseq without a family here, by the name that its settings give them. */
const without: Readonly<Record<string, string>> = {
  wav2vec: 'wav2vec 1 (or vq-wav2vec)',
  multires_hubert: 'multi-resolution HuBERT',
  hubert_pruner: 'LightHuBERT',
  student_hubert: 'LightHuBERT',
};

const exportIt = 'This model is not supported: export it to ONNX and pass that file';

/** @param root what the file holds (see `TorchFile`) */
export function torchFileKind(root: unknown): TorchFileKind {
  if (!(root instanceof Map)) return { kind: 'official' };
  const known = otherCheckpoint(root as Map<unknown, unknown>);
  if (known !== undefined) return known;
  const converted = objectIn(plainSettings(root.get('model_cfg')));
  if (converted !== undefined)
    return ofSettings(converted, objectIn(plainSettings(root.get('task_cfg'))), root.get('model_weight'));
  const settings = objectIn(plainSettings(root.get('cfg') ?? root.get('args')));
  if (settings === undefined) return { kind: 'official' };
  const network = objectIn(settings.model);
  return network === undefined
    ? ofSettings(settings, settings, root.get('model'))
    : ofSettings(network, objectIn(settings.task), root.get('model'));
}

/** @param outer normalisation of what the network was fine-tuned for, which counts before its own */
function ofSettings(settings: Settings, task: Settings | undefined, model: unknown): TorchFileKind {
  const name = nameOf(settings);
  const microsoft = ofMicrosoft(settings);
  if (microsoft !== undefined) return microsoft;
  if ('modalities' in settings || !(model instanceof Map)) return { kind: 'official' };
  const parameters = model as ReadonlyMap<unknown, unknown>;
  const prefix = fineTuned[name];
  if (prefix !== undefined) return ofFineTuned(settings, task, parameters, prefix);
  const other = without[name];
  if (other !== undefined) return { kind: 'other', what: `a checkpoint of ${other}`, take: exportIt };
  const family = families[name] ?? familyByNames(parameters, '');
  if (family === undefined) return { kind: 'official' };
  return network(family, settings, task?.normalize === true, parameters, '');
}

function ofFineTuned(
  settings: Settings,
  task: Settings | undefined,
  model: ReadonlyMap<unknown, unknown>,
  prefix: string,
): TorchFileKind {
  const begun = objectIn(settings.w2v_args) ?? {};
  const inner = objectIn(begun.model) ?? begun;
  const innerTask = objectIn(begun.task) ?? begun;
  const family = families[nameOf(inner)] ?? familyByNames(model, prefix);
  if (family === undefined || 'modalities' in inner) {
    return {
      kind: 'other',
      what: `a model that was fine-tuned from '${nameOf(inner) || 'another'}'`,
      take: 'Pass the checkpoint that it was fine-tuned from',
    };
  }
  const normalize = task?.normalize ?? settings.normalize ?? innerTask.normalize;
  return network(family, inner, normalize === true, model, prefix);
}

function network(
  family: FairseqModel['family'],
  settings: Settings,
  normalize: boolean,
  model: ReadonlyMap<unknown, unknown>,
  prefix: string,
): TorchFileKind {
  const isConformer = settings.layer_type === 'conformer';
  if (isConformer && family !== 'wav2vec2')
    return { kind: 'other', what: `a ${family} of Conformer blocks`, take: exportIt };
  const own = isConformer ? 'wav2vec2-conformer' : family;
  return { kind: 'fairseq', family: own, settings, normalize, model, prefix };
}

const nameOf = (settings: Settings): string => String(settings._name ?? settings.arch ?? '');

/** Where settings do not say it: by parameters that one family alone has. */
function familyByNames(
  model: ReadonlyMap<unknown, unknown>,
  prefix: string,
): FairseqModel['family'] | undefined {
  if (model.has(`${prefix}label_embs_concat`)) return 'hubert';
  if (model.has(`${prefix}quantizer.vars`)) return 'wav2vec2';
  if (!model.has(`${prefix}post_extract_proj.weight`)) return undefined;
  return model.has(`${prefix}encoder.pos_conv.1.0.weight`) ? 'data2vec-audio' : undefined;
}

/** Microsoft's trainers keep the settings of both in one way. */
function ofMicrosoft(settings: Settings): TorchFileKind | undefined {
  if (!('relative_position_embedding' in settings)) return undefined;
  const [what, take] = settings.relative_position_embedding
    ? ['WavLM', 'hf:microsoft/wavlm-base, hf:microsoft/wavlm-base-plus or hf:microsoft/wavlm-large']
    : [
        'UniSpeech-SAT',
        'hf:microsoft/unispeech-sat-base, hf:microsoft/unispeech-sat-base-plus or hf:microsoft/unispeech-sat-large',
      ];
  return { kind: 'other', what: `Microsoft's checkpoint of ${what}`, take: `Use ${take}` };
}

/** Checkpoints of other programs, by what they hold. */
function otherCheckpoint(root: ReadonlyMap<unknown, unknown>): TorchFileKind | undefined {
  const has = (...keys: string[]): boolean => keys.every((key) => root.has(key));
  const other = (what: string, take: string): TorchFileKind => ({ kind: 'other', what, take });
  if (has('dims', 'model_state_dict'))
    return other("OpenAI's checkpoint of Whisper", 'Use hf:openai/whisper-base, or the model of its size');
  if (has('Distiller')) return other("s3prl's checkpoint of DistilHuBERT", 'Use hf:ntu-spml/distilhubert');
  if (has('Transformer')) return other('a checkpoint of Mockingjay, TERA or Audio ALBERT', exportIt);
  if (has('gEncoder') || has('config', 'weights')) return other('a checkpoint of CPC', exportIt);
  if (has('config', 'model') && !has('cfg')) return other('a checkpoint of APC, VQ-APC or NPC', exportIt);
  if (has('state_dict') && [...root.keys()].some((key) => String(key).startsWith('pytorch-lightning')))
    return other(
      'a checkpoint of a trainer (PyTorch Lightning)',
      'Save only the model to a folder, with save_pretrained of transformers',
    );
  const names = [...root.keys()].map(String);
  if (names.some((name) => /(^|\.)encoder\.layers\.0\.attention\.q_proj\.weight$/.test(name)))
    return other(
      'a transformers checkpoint without its settings',
      'Rename it to pytorch_model.bin, put the config.json of the model into the same folder, and pass the folder',
    );
  return undefined;
}

function objectIn(value: unknown): Settings | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Settings)
    : undefined;
}
