/** @file Checkpoints of fairseq against the hidden states of its own network, and what is said of other torch files. */
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { engineUnderTest } from '../../engine/engines.fixture.js';
import { extractHiddenStates } from '../../features/extract.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { isOfficialFile, loadEncoder } from '../load.js';
import { loadRecogniser } from '../recogniser.js';
import { tokensOf } from '../recognition.js';
import { apart } from '../reference.fixture.js';
import { torchFileKind } from './kind.js';

/** Each `NAME.pt` has its input and hidden states beside it (test/fixtures/fairseq_checkpoints.py). */
const folder = 'test/fixtures/fairseq';
const checkpoints = (await readdir(folder)).filter((name) => name.endsWith('.pt'));
const engine = await engineUnderTest('onnx');

describe("the hidden states of fairseq's network", () => {
  it.each(checkpoints)('%s, every one', async (name) => {
    const encoder = await loadEncoder(join(folder, name));
    const { tensors } = await readSafetensors(join(folder, name.replace('.pt', '.safetensors')));
    const extract = extractHiddenStates(engine, encoder);
    const states = await extract(floatsOf(tensors.input as HostTensor));
    await extract.dispose();
    expect(states.length).toBe(Object.keys(tensors).length - 1);
    for (const [i, state] of states.entries()) {
      const expected = tensors[`hidden.${i}`] as HostTensor;
      expect([1, ...state.shape]).toEqual(expected.shape);
      expect(apart(state, expected), `hidden.${i}`).toBeLessThan(1e-4);
    }
  });
});

describe('a checkpoint of fairseq', () => {
  it.each([
    ['hubert.pt', 'hubert', false],
    ['hubert-converted.pt', 'hubert', true],
    ['wav2vec2.pt', 'wav2vec2', true],
    ['wav2vec2-ctc.pt', 'wav2vec2', false],
    ['data2vec.pt', 'data2vec-audio', true],
    ['conformer-relative.pt', 'wav2vec2-conformer', true],
  ])('%s is of the family %s; normalised: %s', async (name, family, normalizesWaveform) => {
    const encoder = await loadEncoder(join(folder, name));
    expect(encoder).toMatchObject({ name: name.slice(0, -3), family, normalizesWaveform });
    // torch's, where transformers has 1e-7: a quiet recording differs.
    expect(encoder.waveformEpsilon).toBe(1e-5);
  });

  it('is told from a model of transformers with the same weights by its hash: they normalise differently', async () => {
    const [one, other] = [
      await loadEncoder(join(folder, 'hubert-batch-norm.pt')),
      await loadEncoder('test/fixtures/huggingface/hubert-batch-norm'),
    ];
    expect(one.parameters).toEqual(other.parameters);
    expect(one.hash).not.toBe(other.hash);
  });

  it('tells what is ignored: what only its training needs, and a head', async () => {
    const notes = async (name: string) => (await loadEncoder(join(folder, name))).notes;
    expect(await notes('hubert.pt')).toEqual([
      'ignored, because not part of the encoder: label_embs_concat (1), final_proj (2)',
    ]);
    expect(await notes('wav2vec2-ctc.pt')).toEqual([
      'ignored, because not part of the encoder: w2v_encoder (2)',
    ]);
  });

  it('that was fine-tuned with CTC is a recogniser with the dictionary beside it, without one an encoder', async () => {
    const name = 'wav2vec2-ctc.pt';
    await expect(loadRecogniser(join(folder, name))).rejects.toThrow(
      /wav2vec2-ctc\.pt: missing dict\.ltr\.txt, the dictionary of its output layer\. Copy/,
    );
    const place = await mkdtemp(join(tmpdir(), 'ehmam-fairseq-'));
    try {
      await cp(join(folder, name), join(place, name));
      await writeFile(join(place, 'dict.ltr.txt'), '| 94802\n');
      const { encoder, recognition } = await loadRecogniser(join(place, name));
      expect(tokensOf(recognition)).toEqual({
        tokens: ['<s>', '<pad>', '</s>', '<unk>', '|'],
        blank: 0,
        boundary: '|',
        special: [0, 1, 2, 3],
        lowerCase: false,
      });
      // As test/fixtures/fairseq_checkpoints.py made it: ones and zeros.
      expect(recognition.weight).toEqual(float32([5, 24], Array(120).fill(1)));
      expect(recognition.bias).toEqual(float32([5]));
      expect(encoder.maskEmbedding?.shape).toEqual([24]);
      expect(encoder.notes).toEqual([]);
      for (const [text, message] of [
        ['| 1\nE 1\n', /proj\.weight is float32 \[5, 24\], expected float32 \[6, 24\] for 6 tokens/],
        ['| 1\nE\n', /dict\.ltr\.txt:2: expected a token and a count/],
        ['| 1\n| 2\n', /dict\.ltr\.txt:2: duplicate token '\|'/],
      ] as const) {
        await writeFile(join(place, 'dict.ltr.txt'), text);
        await expect(loadRecogniser(join(place, name))).rejects.toThrow(message);
      }
    } finally {
      await rm(place, { recursive: true });
    }
  });

  it('has no teacher to choose, and is none of those that have', async () => {
    const file = join(folder, 'data2vec.pt');
    await expect(loadEncoder(file, 0, { weights: 'teacher' })).rejects.toThrow(
      /data2vec\.pt: --weights does not apply: it has no student and teacher/,
    );
    expect(await isOfficialFile(file)).toBe(false);
    expect(await isOfficialFile('test/fixtures/ehmam-official/tiny.pt')).toBe(true);
  });
});

/** Settings and parameters as fairseq saves them. */
const saved = (model: object, names: readonly string[] = []) =>
  new Map<string, unknown>([
    ['cfg', { model, task: { normalize: true } }],
    ['model', new Map(names.map((name) => [name, 0]))],
  ]);

describe('what a torch file is', () => {
  it.each<[string, Map<string, unknown>, RegExp, RegExp]>([
    [
      'UniSpeech-SAT',
      new Map([['cfg', { relative_position_embedding: false }]]),
      /UniSpeech-SAT/,
      /hf:microsoft\/unispeech-sat-base/,
    ],
    [
      'CPC',
      new Map([
        ['config', 0],
        ['weights', 0],
      ]),
      /CPC/,
      /ONNX/,
    ],
    [
      'APC',
      new Map([
        ['config', 0],
        ['model', 0],
      ]),
      /APC/,
      /ONNX/,
    ],
    ['LightHuBERT', saved({ _name: 'student_hubert' }), /LightHuBERT/, /ONNX/],
    ['DistilHuBERT', new Map([['Distiller', {}]]), /DistilHuBERT/, /hf:ntu-spml\/distilhubert/],
    ['TERA', new Map([['Transformer', {}]]), /TERA/, /ONNX/],
    ['wav2vec 1', saved({ _name: 'wav2vec' }), /wav2vec 1/, /ONNX/],
    ['multi-resolution HuBERT', saved({ _name: 'multires_hubert' }), /multi-resolution HuBERT/, /ONNX/],
    [
      'a fine-tuned data2vec 2.0',
      saved({ _name: 'wav2vec_ctc', w2v_args: { model: { _name: 'data2vec_multi', modalities: {} } } }),
      /fine-tuned from 'data2vec_multi'/,
      /the checkpoint that it was fine-tuned from/,
    ],
    [
      "transformers' parameters alone",
      new Map([['hubert.encoder.layers.0.attention.q_proj.weight', 0]]),
      /a transformers checkpoint/,
      /pytorch_model\.bin.*config\.json/,
    ],
  ])('%s is named, with what to take instead', (_name, root, what, take) => {
    const found = torchFileKind(root);
    expect(found).toMatchObject({
      kind: 'other',
      what: expect.stringMatching(what),
      take: expect.stringMatching(take),
    });
  });

  it.each([
    ['wavlm.pt', /wavlm\.pt: is Microsoft's checkpoint of WavLM\. Use hf:microsoft\/wavlm-base, /],
    ['whisper.pt', /whisper\.pt: is OpenAI's checkpoint of Whisper\. Use hf:openai\/whisper-base, /],
  ])('%s is refused in one line', async (name, message) => {
    await expect(loadEncoder(join(folder, 'others', name))).rejects.toThrow(message);
  });

  it.each([
    ['wav2vec_ctc', 'w2v_encoder.w2v_model.'],
    ['hubert_seq2seq', 'encoder.w2v_model.'],
  ])('that was fine-tuned as %s has its network under %s, with settings of its own', (_name, prefix) => {
    // Older trainers kept both kinds of settings in one level.
    const root = saved({ _name, normalize: false, w2v_args: { arch: 'hubert', encoder_layers: 3 } });
    expect(torchFileKind(root)).toMatchObject({
      kind: 'fairseq',
      family: 'hubert',
      prefix,
      normalize: true,
      settings: { encoder_layers: 3 },
    });
  });

  it('is found by parameters where old settings have no name', () => {
    const kindOf = (name: string) =>
      torchFileKind(saved({ encoder_layers: 2 }, ['post_extract_proj.weight', name]));
    expect(kindOf('label_embs_concat')).toMatchObject({ family: 'hubert' });
    expect(kindOf('quantizer.vars')).toMatchObject({ family: 'wav2vec2' });
    expect(kindOf('encoder.pos_conv.1.0.weight')).toMatchObject({ family: 'data2vec-audio' });
    expect(kindOf('surprise')).toEqual({ kind: 'official' });
  });
});
