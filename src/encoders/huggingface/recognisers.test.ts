/** @file CTC models of transformers: tokens, logits, one update of fine-tuning, and the way back into a folder of transformers. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostParameters, type HostTensor, int32 } from '../../base/host-tensor.js';
import { exportFolder } from '../../cli/export/folder.js';
import { exportOnnx } from '../../cli/export/onnx-file.js';
import { engineUnderTest } from '../../engine/engines.fixture.js';
import type * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { recognitionLogits, recognitionLoss } from '../../finetune/model.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { frameCount } from '../batch.js';
import { loadEncoder } from '../load.js';
import { maskName } from '../mask-embedding.js';
import { loadRecogniser } from '../recogniser.js';
import { recognitionTensors, tokensOf } from '../recognition.js';
import { apart, relative } from '../reference.fixture.js';
import { encoderFamilies } from '../registry.js';
import type { SpeechConfig } from './config.js';

/** Models with their processors, as transformers saves them (scripts/huggingface_recognisers.py). */
const fixtures = 'test/fixtures/huggingface-recognisers';
const models = ['wav2vec2', 'hubert', 'wavlm', 'data2vec-audio'] as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-recognisers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const json = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
const referenceOf = async (model: string): Promise<HostParameters> =>
  (await readSafetensors(join(fixtures, model, 'update.safetensors'))).tensors;
const of = (tensors: HostParameters, name: string): HostTensor => {
  const found = tensors[name];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

/** int32 where the fixture has 0 and 1, as factors. */
const factors = ({ shape, data }: HostTensor): HostTensor => float32(shape, Float32Array.from(data));

describe.each(models)('the CTC model of %s', (model) => {
  const place = join(fixtures, model);

  it('has the tokens, blank and boundary of its tokenizer', async () => {
    const { recognition } = await loadRecogniser(place);
    expect(tokensOf(recognition)).toEqual(await json(join(place, 'tokens.json')));
  });

  it("gives transformers' logits of a raw waveform, as one ONNX file", async () => {
    const { encoder, recognition } = await loadRecogniser(place);
    const reference = await referenceOf(model);
    const file = join(folder, `${model}.onnx`);
    const { outputs } = await exportOnnx(encoder, file, { recognition, threads: 1 });
    expect(outputs).toEqual(['hidden.0', 'hidden.1', 'hidden.2', 'logits']);
    const samples = floatsOf(of(reference, 'waveform')).slice(0, of(reference, 'waveform').shape[1]);
    const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1 });
    const { logits } = await session.run({
      waveform: new ort.Tensor('float32', samples, [1, samples.length]),
    });
    await session.release();
    expect(logits?.dims).toEqual(of(reference, 'plain').shape);
    const given = float32(logits?.dims ?? [], logits?.data as Float32Array);
    expect(apart(given, of(reference, 'plain'))).toBeLessThan(1e-4);
  });

  it("has transformers' loss and gradients in one update with given masks, none in the convolutions", async () => {
    const { encoder, recognition } = await loadRecogniser(place);
    const reference = await referenceOf(model);
    const frozen = encoderFamilies.find(encoder.family).frontEnd ?? [];
    const isFrozen = (name: string): boolean => frozen.some((start) => name.startsWith(start));
    const all: HostParameters = {
      ...encoder.parameters,
      ...recognitionTensors(recognition),
      [maskName]: encoder.maskEmbedding as HostTensor,
    };
    const parts = (keep: boolean): HostParameters =>
      Object.fromEntries(Object.entries(all).filter(([name]) => isFrozen(name) === keep));
    const labels = of(reference, 'labels');
    const most = labels.shape[1] as number;
    const rows = Array.from({ length: 2 }, (_, row) => labels.data.slice(row * most, (row + 1) * most));
    const samples = Array.from(of(reference, 'lengths').data);
    const program = (await engineUnderTest('onnx')).compile(
      (inputs: {
        trained: Parameters;
        frozen: Parameters;
        waveform: tf.Tensor;
        lengths: tf.Tensor;
        frames: tf.Tensor;
        channels: tf.Tensor;
        targets: tf.Tensor;
        targetLengths: tf.Tensor;
        own: tf.Tensor;
        counts: tf.Tensor;
      }) => {
        const { loss, gradients, auxiliary } = lossAndGradients(inputs.trained, (trained) => {
          const logits = recognitionLogits(encoder, { ...inputs.frozen, ...trained }, inputs, {
            masks: inputs,
          });
          const texts = { ...inputs, frames: inputs.own };
          return { loss: recognitionLoss(logits, texts, recognition.blank).loss, auxiliary: { logits } };
        });
        return { loss: loss as tf.Tensor, gradients, logits: auxiliary.logits as tf.Tensor };
      },
      { name: `update of ${model}` },
    );
    const { loss, gradients, logits } = await program.run({
      trained: parts(false),
      frozen: parts(true),
      waveform: of(reference, 'waveform'),
      lengths: of(reference, 'lengths'),
      frames: factors(of(reference, 'time_mask')),
      channels: factors(of(reference, 'channel_mask')),
      targets: int32(
        labels.shape,
        labels.data.map((token) => Math.max(token, 0)),
      ),
      targetLengths: int32(
        [2],
        rows.map((row) => row.filter((token) => token >= 0).length),
      ),
      own: int32(
        [2],
        samples.map((count) => frameCount(encoder, count)),
      ),
      counts: float32([2], [1, 1]),
    });
    await program.dispose();
    const expected = of(reference, 'loss');
    expect(Math.abs(Number(loss.data[0]) / Number(expected.data[0]) - 1)).toBeLessThan(1e-4);
    const width = recognition.tokens.length;
    // Behind a row's end transformers computes what nobody looks at.
    for (const [row, count] of samples.entries()) {
      const own = frameCount(encoder, count) * width;
      const begin = row * (logits.shape[1] as number) * width;
      const cut = (tensor: HostTensor): HostTensor =>
        float32([own], floatsOf(tensor).slice(begin, begin + own));
      expect(apart(cut(logits), cut(of(reference, 'logits')))).toBeLessThan(1e-4);
    }
    const names = Object.keys(reference).flatMap((name) => /^gradient\.(.+)$/.exec(name)?.[1] ?? []);
    expect(Object.keys(gradients).sort()).toEqual(names.sort());
    for (const name of names)
      expect(relative(gradients[name], of(reference, `gradient.${name}`)), name).toBeLessThan(1e-3);
  });

  it('is written with the names, shapes, values and settings that transformers saves', async () => {
    const { encoder, recognition } = await loadRecogniser(place);
    const out = join(folder, model);
    await exportFolder(encoder, out, undefined, { format: 'transformers', recognition });
    expect((await readdir(out)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
      'tokenizer_config.json',
      'vocab.json',
    ]);
    const [written, saved] = [
      (await readSafetensors(join(out, 'model.safetensors'))).tensors,
      (await readSafetensors(join(place, 'model.safetensors'))).tensors,
    ];
    const shapes = (tensors: HostParameters) =>
      Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
    expect(shapes(written)).toEqual(shapes(saved));
    // A direction may have another length: what it makes is compared below.
    for (const [name, tensor] of Object.entries(saved))
      if (!/parametrizations/.test(name)) expect(written[name]?.data, name).toEqual(tensor.data);
    const { architectures, model_type: type, ...config } = await json(join(out, 'config.json'));
    const theirs = await json(join(place, 'config.json'));
    expect([architectures, type]).toEqual([theirs.architectures, theirs.model_type]);
    // How it was trained is written as it is done here, and not kept.
    const { ctc_zero_infinity: _, bos_token_id: __, eos_token_id: ___, ...kept } = config;
    expect(theirs).toMatchObject(kept);
    expect(await json(join(out, 'vocab.json'))).toEqual(await json(join(place, 'vocab.json')));
    const { feature_extractor: extractor } = await json(join(place, 'processor_config.json'));
    expect(await json(join(out, 'preprocessor_config.json'))).toMatchObject({
      ...(extractor as object),
      return_attention_mask: (encoder.config as SpeechConfig).convNorm === 'layer',
    });
  });

  it('is the same recogniser again after the way through both formats', async () => {
    const { encoder, recognition } = await loadRecogniser(place);
    const [ours, theirs] = [join(folder, `${model}-own`), join(folder, `${model}-again`)];
    await exportFolder(encoder, ours, undefined, { recognition });
    const own = await loadRecogniser(ours);
    expect(own.encoder.hash).toBe(encoder.hash);
    expect(own.recognition).toEqual(recognition);
    await exportFolder(own.encoder, theirs, undefined, {
      format: 'transformers',
      recognition: own.recognition,
    });
    const again = await loadRecogniser(theirs);
    expect(again.recognition).toEqual(recognition);
    expect(again.encoder.config).toEqual(encoder.config);
    expect(again.encoder.maskEmbedding).toEqual(encoder.maskEmbedding);
    for (const [name, tensor] of Object.entries(encoder.parameters))
      expect(apart(again.encoder.parameters[name], tensor), name).toBeLessThan(1e-6);
  });
});

describe('a folder for transformers', () => {
  it("calls fairseq's blank <pad>, as transformers' own converter does", async () => {
    const { encoder, recognition } = await loadRecogniser(join(fixtures, 'wav2vec2'));
    const [, , ...others] = recognition.tokens;
    const named = { ...recognition, tokens: ['<s>', '<pad>', ...others] };
    const out = join(folder, 'fairseq');
    await exportFolder(encoder, out, undefined, { format: 'transformers', recognition: named });
    expect(await json(join(out, 'vocab.json'))).toMatchObject({ '<pad>': 0, '<s>': 1, '</s>': 2 });
    expect(await json(join(out, 'tokenizer_config.json'))).toMatchObject({
      pad_token: '<pad>',
      bos_token: '<s>',
    });
    expect((await loadRecogniser(out)).recognition).toEqual(recognition);
  });

  it.each([
    ['hubert-batch-norm', 'HubertModel'],
    ['unispeech-sat', 'UniSpeechSatModel'],
    ['data2vec-audio', 'Data2VecAudioModel'],
  ])('holds an encoder alone where it recognises nothing: %s', async (name, architecture) => {
    const encoder = await loadEncoder(join('test/fixtures/huggingface', name));
    const out = join(folder, `${name}-alone`);
    await exportFolder(encoder, out, undefined, { format: 'transformers' });
    expect((await readdir(out)).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'preprocessor_config.json',
    ]);
    expect(await json(join(out, 'config.json'))).toMatchObject({ architectures: [architecture] });
    const again = await loadEncoder(out);
    expect(again).toMatchObject({ config: encoder.config, normalizesWaveform: encoder.normalizesWaveform });
    for (const [parameter, tensor] of Object.entries(encoder.parameters))
      expect(apart(again.parameters[parameter], tensor), parameter).toBeLessThan(1e-6);
  });

  it('is refused for families that transformers does not have, with those that it has', async () => {
    const tiny = exportFolder(await loadEncoder('random:tiny'), folder, undefined, {
      format: 'transformers',
    });
    await expect(tiny).rejects.toThrow(
      /'random:tiny' cannot be exported to transformers: unsupported family ehmam\. Supported: wav2vec2, hubert/,
    );
  });
});
