/** @file fairseq's names of parameters as those of our families, which are transformers'. */
import type { FairseqModel } from './kind.js';

type Rename = readonly [fairseq: RegExp, ours: string];

/** Of all networks. */
const shared: readonly Rename[] = [
  [/^feature_extractor\.conv_layers\.(\d+)\.0\./, 'feature_extractor.conv_layers.$1.conv.'],
  [/^feature_extractor\.conv_layers\.(\d+)\.2\.(?:1\.)?/, 'feature_extractor.conv_layers.$1.layer_norm.'],
  [/^layer_norm\./, 'feature_projection.layer_norm.'],
  [/^post_extract_proj\./, 'feature_projection.projection.'],
];

const transformer: readonly Rename[] = [
  ...shared,
  [/^(encoder\.layers\.\d+)\.self_attn\./, '$1.attention.'],
  [/^(encoder\.layers\.\d+)\.self_attn_layer_norm\./, '$1.layer_norm.'],
  [/^(encoder\.layers\.\d+)\.fc1\./, '$1.feed_forward.intermediate_dense.'],
  [/^(encoder\.layers\.\d+)\.fc2\./, '$1.feed_forward.output_dense.'],
];

const onePosition: Rename = [/^encoder\.pos_conv\.0\./, 'encoder.pos_conv_embed.conv.'];
const normedPosition: readonly Rename[] = [
  [/^encoder\.pos_conv\.0\./, 'encoder.pos_conv_embed.batch_norm.'],
  [/^encoder\.pos_conv\.1\./, 'encoder.pos_conv_embed.conv.'],
];
const layeredPosition: Rename = [/^encoder\.pos_conv\.(\d+)\.0\./, 'encoder.pos_conv_embed.layers.$1.conv.'];

const conformer: readonly Rename[] = [
  ...shared,
  [/^(encoder\.layers\.\d+)\.(ffn[12])\.layer_norm\./, '$1.$2_layer_norm.'],
  [/^(encoder\.layers\.\d+)\.(ffn[12])\.w_1\./, '$1.$2.intermediate_dense.'],
  [/^(encoder\.layers\.\d+)\.(ffn[12])\.w_2\./, '$1.$2.output_dense.'],
];

/** What only training needs: targets, quantisers, a teacher. */
const besidePattern =
  /^(quantizer|project_q|project_inp|input_quantizer|target_glu|final_proj|label_embs_concat|_ema)(\.|$)/;
/** What is worth no word: what stands in place of masked frames, and what no pass uses. */
const unusedPattern = /^mask_emb$|num_batches_tracked$|\.rotary_emb\./;
/** Conformers have a convolution of positions that they do not use. */
const unusedByConformers = /^encoder\.(pos_conv|embed_positions)\./;

export interface SortedParameters {
  /** Our name of a parameter to its name in the file. */
  readonly own: ReadonlyMap<string, string>;
  /** What stands beside the network. */
  readonly beside: readonly string[];
}

/** @param names of what the file holds under `model` */
export function sortParameters(
  names: Iterable<string>,
  { family, prefix, settings }: Pick<FairseqModel, 'family' | 'prefix' | 'settings'>,
): SortedParameters {
  const renames = renamesOf(family, settings.conv_pos_batch_norm === true);
  const own = new Map<string, string>();
  const beside: string[] = [];
  for (const name of names) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    if (bare === undefined || besidePattern.test(bare)) beside.push(name);
    else if (unusedPattern.test(bare) || (family === 'wav2vec2-conformer' && unusedByConformers.test(bare)))
      continue;
    else own.set(renamed(bare, renames), name);
  }
  return { own, beside };
}

function renamesOf(family: FairseqModel['family'], batchNorm: boolean): readonly Rename[] {
  if (family === 'wav2vec2-conformer') return conformer;
  if (family === 'data2vec-audio') return [...transformer, layeredPosition];
  return batchNorm ? [...transformer, ...normedPosition] : [...transformer, onePosition];
}

/** The first pattern that fits renames. */
function renamed(name: string, renames: readonly Rename[]): string {
  const [pattern, ours] = renames.find(([fairseq]) => fairseq.test(name)) ?? [];
  return pattern === undefined ? name : name.replace(pattern, ours as string);
}
