import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { constants } from '../../engine/constants.js';
import { createEngine } from '../../engine/create.js';
import type * as tf from '../../engine/ops.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { decoderSpecs, encoderSpecs, predictorSpecs } from '../families/ehmam-parameters.js';
import { loadEncoder } from '../load.js';
import { readOfficialCheckpoint } from './weights.js';

const official = 'test/fixtures/ehmam-official';
const made = 'test/fixtures/torch-files';

describe('a checkpoint of the official trainer', () => {
  it('holds every parameter of the student, and the teacher under the same names', async () => {
    const { config, student, teacher } = await readOfficialCheckpoint(join(official, 'tiny.pt'));
    const specs = { ...encoderSpecs(config), ...decoderSpecs(config), ...predictorSpecs(config) };
    expect(Object.keys(student).sort()).toEqual(Object.keys(specs).sort());
    for (const [name, { shape }] of Object.entries(specs)) expect(student[name]?.shape, name).toEqual(shape);
    // The README: the teacher's values are others than the student's.
    const bias = 'blocks.0.attn.qkv.bias';
    expect(Object.keys(teacher ?? {})).toContain(bias);
    expect(teacher?.[bias]?.data).not.toEqual(student[bias]?.data);
    // "local encoder not copied": the teacher has neither convolutions nor decoder.
    expect(Object.keys(teacher ?? {}).filter((name) => /local_encoder|\.decoder\./.test(name))).toEqual([]);
  });

  it('is the same encoder in the old layout', async () => {
    const [zip, legacy] = [
      await loadEncoder(join(official, 'tiny.pt')),
      await loadEncoder(join(official, 'tiny-legacy.pt')),
    ];
    expect(legacy.hash).toBe(zip.hash);
    expect([zip.name, legacy.name]).toEqual(['tiny', 'tiny-legacy']);
  });

  it('gives an encoder alone: the decoder and other modalities are left', async () => {
    const { parameters } = await loadEncoder('test/fixtures/ehmam-12-heads/tiny.pt');
    expect(Object.keys(parameters).filter((name) => /decoder|IMAGE|_ema/.test(name))).toEqual([]);
  });

  it('in half precision keeps the outputs within 2e-2', async () => {
    const encoder = await loadEncoder(join(official, 'tiny-fp16.pt'));
    const { tensors } = await readSafetensors(join(official, 'reference.safetensors'));
    const engine = await createEngine('onnx');
    const program = engine.compile(
      ({ waveform }: { waveform: tf.Tensor }) => ({
        last: encoder.forward(constants(encoder.parameters), { waveform }).at(-1) as tf.Tensor,
      }),
      { name: 'half precision' },
    );
    const { last } = await program.run({ waveform: tensors['features.a.input'] as HostTensor });
    const expected = floatsOf(tensors['features.a.x'] as HostTensor);
    const differences = floatsOf(last).map((value, i) => Math.abs(value - (expected[i] as number)));
    expect(differences.length).toBe(expected.length);
    expect(Math.max(...differences)).toBeLessThan(2e-2);
    expect(Math.max(...differences)).toBeGreaterThan(0);
  });

  it('keeps its settings in args where the trainer was older, the teacher by a prefix', async () => {
    const [{ config }, old] = [
      await readOfficialCheckpoint(join(official, 'tiny.pt')),
      await readOfficialCheckpoint(join(made, 'args.pt')),
    ];
    expect(old.config).toEqual(config);
    expect(Object.keys(old.student)).toEqual(['blocks.0.norm1.weight']);
    expect(old.teacher?.['blocks.0.norm1.weight']?.data).toEqual(new Float32Array(48));
  });

  it('gives student or teacher, which share what turns samples into frames', async () => {
    const file = 'test/fixtures/ehmam-12-heads/tiny.pt';
    const { student, teacher } = await readOfficialCheckpoint(file);
    const encoders = {
      usual: await loadEncoder(file),
      student: await loadEncoder(file, 0, { weights: 'student' }),
      teacher: await loadEncoder(file, 0, { weights: 'teacher' }),
    };
    expect(encoders.student.hash).toBe(encoders.usual.hash);
    expect([encoders.student.name, encoders.teacher.name]).toEqual(['tiny', 'tiny-teacher']);
    const local = 'modality_encoders.AUDIO.local_encoder.conv_layers.0.0.weight';
    const projection = 'modality_encoders.AUDIO.project_features.2.weight';
    for (const name of [local, projection])
      expect(encoders.teacher.parameters[name]?.data, name).toEqual(student[name]?.data);
    const block = 'blocks.0.mlp.fc1.weight';
    expect(encoders.teacher.parameters[block]?.data).toEqual(teacher?.[block]?.data);
    expect(encoders.teacher.parameters[block]?.data).not.toEqual(student[block]?.data);
  });

  it('tells what it leaves aside: decoders and other modalities', async () => {
    const { notes, origin } = await loadEncoder('test/fixtures/ehmam-12-heads/tiny.pt');
    expect(notes).toEqual([
      expect.stringMatching(/^ignored.*AUDIO\.decoder \(6\), .*AUDIO\.decoder_pred \(8\), .*IMAGE/),
    ]);
    expect(origin?.format).toBe('torch checkpoint (student)');
  });

  it('of data2vec 2.0 is the same encoder: it lacks the loss predictor alone', async () => {
    const [one, other] = [
      await loadEncoder('test/fixtures/ehmam-12-heads/tiny.pt'),
      await loadEncoder(join(made, 'data2vec2.pt')),
    ];
    expect(other.hash).toBe(one.hash);
    const teacher = await loadEncoder(join(made, 'data2vec2.pt'), 0, { weights: 'teacher' });
    expect(teacher.hash).not.toBe(one.hash);
  });

  it('with parameters that the encoder has no place for is refused with their names', async () => {
    await expect(loadEncoder(join(made, 'unknown.pt'))).rejects.toThrow(
      /unknown\.pt: missing parameters: .*; unexpected parameters: modality_encoders\.AUDIO\.extra_tokens\./,
    );
  });

  it('alone has a student and a teacher', async () => {
    await expect(loadEncoder('fbank', 0, { weights: 'teacher' })).rejects.toThrow(
      /--weights does not apply to 'fbank': it has no student and teacher/,
    );
    await expect(loadEncoder(join(made, 'unknown.pt'), 0, { weights: 'teacher' })).rejects.toThrow(
      /unknown\.pt: has no teacher weights/,
    );
  });

  it('that lacks parameters is refused with the first of their names, and how many more', async () => {
    await expect(loadEncoder(join(made, 'args.pt'))).rejects.toThrow(
      /args\.pt: missing parameters: .*alibi_scale, .*conv_layers\.2\.0\.weight, and 85 more\./,
    );
  });

  it.each([
    [
      'list.pt',
      /list\.pt: is a torch file, but not a checkpoint of the official trainer: it has neither cfg nor args/,
    ],
    ['values.pt', /values\.pt: .*neither cfg nor args/],
    ['hostile.pt', /hostile\.pt: its pickle refers to posix\.system/],
    ['other.zip', /other\.zip: is a zip file, but not a torch checkpoint/],
    ['../scripts/torch_files.py', /torch_files\.py: is not a torch checkpoint/],
  ])('is not what %s is', async (name, message) => {
    await expect(loadEncoder(join(made, name))).rejects.toThrow(message);
  });
});
