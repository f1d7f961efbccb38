/**
 * @file The names that s3prl has for encoders (`hub.py` and `upstream/<name>/hubconf.py` of version 0.4.18), as people type them: the
 * model of the hub that each is, or why there is none.
 */
import type { UserErrorDetails } from '../base/errors.js';

/** A model of the hub under another name. */
export interface UpstreamName {
  readonly name: string;
  /** `hf:OWNER/NAME` */
  readonly spec: string;
  readonly family: string;
}

/** By family, then by model of the hub, with its names. */
const models: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  hubert: {
    'facebook/hubert-base-ls960': ['hubert', 'hubert_base'],
    'facebook/hubert-large-ll60k': ['hubert_large_ll60k'],
    'ntu-spml/distilhubert': ['distilhubert', 'distilhubert_base'],
    'voidful/mhubert-base': ['mhubert_base_vp_en_es_fr_it3'],
  },
  wav2vec2: {
    'facebook/wav2vec2-base': ['wav2vec2', 'wav2vec2_base_960'],
    'facebook/wav2vec2-large': ['wav2vec2_large_960'],
    'facebook/wav2vec2-large-lv60': ['wav2vec2_large_ll60k'],
    'facebook/wav2vec2-large-robust': ['wav2vec2_large_lv60_cv_swbd_fsh'],
    'facebook/wav2vec2-large-100k-voxpopuli': ['wav2vec2_large_voxpopuli_100k'],
    'facebook/wav2vec2-large-xlsr-53': ['xlsr_53'],
    'facebook/wav2vec2-xls-r-300m': ['xls_r_300m'],
    'facebook/wav2vec2-xls-r-1b': ['xls_r_1b'],
    'facebook/wav2vec2-xls-r-2b': ['xls_r_2b'],
  },
  'wav2vec2-conformer': {
    'facebook/wav2vec2-conformer-rel-pos-large': ['wav2vec2_conformer_relpos'],
    'facebook/wav2vec2-conformer-rope-large': ['wav2vec2_conformer_rope'],
  },
  wavlm: {
    'microsoft/wavlm-base': ['wavlm_base'],
    'microsoft/wavlm-base-plus': ['wavlm', 'wavlm_base_plus'],
    'microsoft/wavlm-large': ['wavlm_large'],
  },
  'data2vec-audio': {
    'facebook/data2vec-audio-base': ['data2vec', 'data2vec_base_960'],
    'facebook/data2vec-audio-large': ['data2vec_large_ll60k'],
  },
  'unispeech-sat': {
    'microsoft/unispeech-sat-base': ['unispeech_sat_base'],
    'microsoft/unispeech-sat-base-plus': ['unispeech_sat', 'unispeech_sat_base_plus'],
    'microsoft/unispeech-sat-large': ['unispeech_sat_large'],
  },
};

export const upstreamNames: readonly UpstreamName[] = Object.entries(models).flatMap(([family, byModel]) =>
  Object.entries(byModel).flatMap(([model, names]) =>
    names.map((name) => ({ name, spec: `hf:${model}`, family })),
  ),
);

/** The model of the hub that s3prl has under a name. */
export function upstreamNamed(name: string): UpstreamName | undefined {
  return upstreamNames.find((each) => each.name === name);
}

const convertedFiles = 'https://huggingface.co/s3prl/converted_ckpts';

/** Models that the hub has as files of fairseq alone, which can be given as they are. */
const filesOnly: readonly (readonly [name: RegExp, hint: string])[] = [
  [/^contentvec(_km100)?$/, `Download contentvec_km100.pt from ${convertedFiles} and pass that file`],
  [/^contentvec_km500$/, `Download contentvec_km500.pt from ${convertedFiles} and pass that file`],
  [
    /^hubert_base_robust_mgr$/,
    'Download the .pt file of https://huggingface.co/kphuang68/HuBERT_base_robust_mgr and pass that file',
  ],
  [
    /^wav2vec2_(conformer_)?(base|large)_s2st_/,
    `Download the .pt file of that name from ${convertedFiles} and pass that file`,
  ],
];

/** Encoders of s3prl that are no family here. */
const withoutFamily =
  /^((modified_)?cpc|apc|vq_apc|npc|mockingjay|tera|audio_albert|decoar2?|decoar_layers|pase_plus|wav2vec|wav2vec_large|vq_wav2vec|discretebert|lighthubert|mae_ast|ast|ssast|byol_[as]|passt|vggish|multires_hubert|espnet_hubert|cvhubert|wavlablm|ms_hubert|mos_(wav2vec2|tera|apc)|timit_posteriorgram|stft_mag|spec_augment|hubert_base_robust)(_|$)/;

const features = /^(spectrogram|mel|mfcc|linear|fbank_no_cmvn|baseline)$/;
const givenFile = /_(local|url|custom|gdriveid)$/;

/** What is to be said of a name of s3prl that is none of those above; undefined for a name that s3prl does not have. */
export function unknownUpstream(
  name: string,
): (Required<Pick<UserErrorDetails, 'hint'>> & { readonly what: string }) | undefined {
  const files = filesOnly.find(([pattern]) => pattern.test(name));
  if (files !== undefined) return { what: `the hub has no model for s3prl's '${name}'`, hint: files[1] };
  if (givenFile.test(name)) {
    return {
      what: `s3prl's '${name}' needs a checkpoint`,
      hint: 'Pass its fairseq file (.pt), its transformers folder, or hf:OWNER/NAME',
    };
  }
  if (features.test(name)) return { what: `s3prl's '${name}' is not supported`, hint: 'Use fbank' };
  if (!withoutFamily.test(name)) return undefined;
  return {
    what: `s3prl's '${name}' is not supported`,
    hint: 'Export it to ONNX and pass that file, or use another encoder (ehmam list encoders)',
  };
}
