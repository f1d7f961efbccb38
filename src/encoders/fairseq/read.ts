/** @file Torch files as checkpoints: HuBERT, wav2vec 2.0 and data2vec as fairseq wrote them, and EH-MAM's by its own reader. */
import { basename, extname } from 'node:path';
import { UserError } from '../../base/errors.js';
import { type TorchFile, withTorchFile } from '../../formats/torch/file.js';
import { isFloating, isTorchTensor, type TorchTensor } from '../../formats/torch/tensor.js';
import { type Checkpoint, checkNames } from '../checkpoint.js';
import { type ConfiguredFamily, configure } from '../configured.js';
import { summary } from '../huggingface/folder.js';
import { plainNames, withPlainWeights } from '../huggingface/names.js';
import { checkedMask, maskName } from '../mask-embedding.js';
import { type OfficialWeights, readOfficialEncoder } from '../official/weights.js';
import { layerOf, type RecognitionLayer } from '../recognition.js';
import { hasDictionary, readDictionary } from './dictionary.js';
import { type FairseqModel, type TorchFileKind, torchFileKind } from './kind.js';
import { sortParameters } from './names.js';
import { configurationOf } from './settings.js';

/**
 * Reads the encoder of a torch file. Nothing of it is run.
 * @param weights whose, of a checkpoint that has a student and a teacher (default: the student's)
 * @throws UserError for a file that is something else, saying what it is and what to take instead; for settings that no
 *   family has; for parameters that are missing or unknown, listing them
 */
export async function readTorchEncoder(file: string, weights?: OfficialWeights): Promise<Checkpoint> {
  return withTorchFile(file, async (content) => {
    const found = torchFileKind(content.root);
    switch (found.kind) {
      case 'official':
        return readOfficialEncoder(file, weights ?? 'student');
      case 'other':
        throw new UserError(`is ${found.what}`, { file, hint: found.take });
      case 'fairseq':
        if (weights !== undefined)
          throw new UserError('--weights does not apply: it has no student and teacher', {
            file,
            hint: 'Remove --weights',
          });
        return readModel(content, found, file);
    }
  });
}

/** What a torch file is; of one that cannot be read, its own reader is to say why. */
export function kindOfTorchFile(file: string): Promise<TorchFileKind['kind']> {
  return withTorchFile(file, async ({ root }) => torchFileKind(root).kind);
}

async function readModel({ readAll }: TorchFile, found: FairseqModel, file: string): Promise<Checkpoint> {
  const configured = configure(configurationOf(found, file), file);
  const tensors = tensorsOf(found);
  const sorted = sortParameters(tensors.keys(), found);
  const { own } = sorted;
  // What is known to be an output layer is no remark.
  const beside = sorted.beside.filter((name) => !(isOutput(name) && hasDictionary(file)));
  checkNames(plainNames(own.keys()), configured.specs, file);
  const mask = tensors.get(`${found.prefix}mask_emb`);
  const { [maskName]: maskEmbedding, ...read } = await readAll(
    new Map([
      ...[...own].map(([ours, theirs]) => [ours, tensors.get(theirs) as TorchTensor] as const),
      ...(mask === undefined ? [] : [[maskName, mask] as const]),
    ]),
  );
  return {
    name: basename(file, extname(file)),
    configured,
    tensors: withPlainWeights(read, file),
    file,
    origin: {
      format: `torch checkpoint of fairseq (${found.prefix === '' ? 'pre-trained' : 'fine-tuned'})`,
      files: [file],
      training: found.settings,
    },
    notes: beside.length > 0 ? [`ignored, because not part of the encoder: ${summary(beside)}`] : [],
    maskEmbedding: maskEmbedding && checkedMask(maskEmbedding, configured, `${found.prefix}mask_emb`, file),
    recognition: [...tensors.keys()].some(isOutput) ? () => readLayer(file, configured) : undefined,
  };
}

/** The output layer of a model that was fine-tuned with CTC. */
const outputNames = ['w2v_encoder.proj.weight', 'w2v_encoder.proj.bias'] as const;
const isOutput = (name: string): boolean => outputNames.some((each) => each === name);

async function readLayer(file: string, { encoder: { dims } }: ConfiguredFamily): Promise<RecognitionLayer> {
  const tokens = await readDictionary(file);
  const read = await withTorchFile(file, ({ root, readAll }) => {
    const found = torchFileKind(root);
    const tensors = found.kind === 'fairseq' ? [...tensorsOf(found)] : [];
    return readAll(new Map(tensors.filter(([name]) => isOutput(name))));
  });
  return layerOf(tokens, read, outputNames, dims.at(-1) as number, file);
}

/** Everything under `model` that is a tensor of floating point numbers. */
function tensorsOf({ model }: FairseqModel): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of model)
    if (isTorchTensor(value) && isFloating(value)) tensors.set(String(name), value);
  return tensors;
}
