/** @file The recognition head is PyTorch's: names and layout of its state dict, logits, losses and gradients. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type HostParameters, type HostTensor, int32 } from '../../base/host-tensor.js';
import { expectNear, runOn } from '../../engine/engines.fixture.js';
import * as tf from '../../engine/ops.js';
import type { Parameters } from '../../engine/tree.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { ctcLoss } from '../../nn/ctc.js';
import { lossAndGradients } from '../../nn/gradients.js';
import { headOutputs, readHead, writeHead } from '../trained.js';
import { type CtcBatch, type CtcForm, type CtcSizes, ctcForward, ctcLogits, ctcStart } from './model.js';

// Both made by asr_head.py beside them.
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/torch/${name}`, import.meta.url));
const headFile = fixture('asr_head.safetensors');
const { tensors: values } = await readSafetensors(fixture('asr_head_values.safetensors'));
const torch = await readHead(headFile);

const value = (name: string): HostTensor => values[name] as HostTensor;
const model: CtcForm & CtcSizes = {
  ...{ layers: 3, dim: 5, tokens: 6, blank: 0, join: 2 },
  ...{ projectionSize: 6, lstmSize: 4, lstmLayers: 2 },
};

const layoutOf = (parameters: HostParameters): unknown =>
  Object.fromEntries(Object.entries(parameters).map(([name, { shape, dtype }]) => [name, [dtype, ...shape]]));

type In = {
  readonly parameters: Parameters;
  readonly batch: CtcBatch;
  readonly targets: tf.Tensor;
  readonly targetLengths: tf.Tensor;
  readonly weights: tf.Tensor;
};

function learnedBy({ parameters, batch, targets, targetLengths, weights }: In) {
  const { gradients, auxiliary } = lossAndGradients(parameters, (leaves) => {
    const logits = ctcLogits(leaves, model, batch.states, batch.steps);
    const lengths = [batch.steps, targetLengths] as [tf.Tensor1D, tf.Tensor1D];
    const losses = ctcLoss(logits, targets as tf.Tensor2D, ...lengths, model.blank);
    return { loss: tf.sum(tf.mul(losses, weights)), auxiliary: { logits, losses } };
  });
  return { outputs: auxiliary, gradients };
}

test("a head's parameters have the names and the layout of PyTorch's state dict", () => {
  expect(layoutOf(ctcStart(1, model))).toEqual(layoutOf(torch.parameters));
});

test("a head that is written is PyTorch's state dict, to the bit", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ehmam-torch-head-'));
  try {
    const file = join(folder, 'head.safetensors');
    await writeHead(file, torch, torch.origin);
    const [ours, theirs] = [await readSafetensors(file), await readSafetensors(headFile)];
    expect(ours.tensors).toEqual(theirs.tensors);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each(['onnx', 'cpu'] as const)(
  "two BLSTM layers and CTC on %s have PyTorch's logits, losses and gradients",
  async (engine) => {
    const { outputs, gradients } = await runOn(engine, learnedBy, {
      parameters: torch.parameters,
      batch: { states: value('states'), steps: value('steps') },
      targets: value('targets'),
      targetLengths: value('targetLengths'),
      weights: value('weights'),
    });
    expectNear(outputs, { logits: value('logits'), losses: value('losses') }, 1e-5);
    const wanted = Object.keys(torch.parameters).map((name) => [name, value(`gradient/${name}`)] as const);
    expectNear(gradients, Object.fromEntries(wanted), 1e-5);
    for (const [name, gradient] of wanted)
      expect(Math.max(...Array.from(gradient.data, Math.abs)), name).toBeGreaterThan(1e-3);
  },
);

test.each(['onnx', 'cpu'] as const)(
  'an utterance by itself, of any number of frames, has on %s the logits that it has in a padded batch',
  async (engine) => {
    // Two frames make a step: the last one of 15 lacks a frame.
    const lengths = [15, 5, 12, 1];
    const stored = { ...model, column: 'text', tokens: [] };
    const outputs = await runOn(
      engine,
      ({ parameters, states, counts }: { parameters: Parameters; states: tf.Tensor; counts: tf.Tensor }) => {
        const { logits } = ctcForward(
          stored,
          parameters,
          states.slice([0, 0, 0, 0], [-1, -1, 15, -1]),
          counts,
        );
        const pairs = lengths.map((frames, row) => {
          const own = states.slice([0, row, 0, 0], [-1, 1, frames, -1]);
          const alone = ctcForward(stored, parameters, own).logits;
          return [alone, logits.slice([row, 0, 0], [1, alone.shape[1] as number, -1])];
        });
        const named = (side: 0 | 1) =>
          Object.fromEntries(pairs.map((pair, row) => [`row ${row}`, pair[side] as tf.Tensor]));
        return { alone: named(0), together: named(1) };
      },
      { parameters: torch.parameters, states: value('states'), counts: int32([4], lengths) },
    );
    expectNear(outputs.alone, outputs.together, 1e-5);
    expect(Object.values(outputs.alone).map(({ shape }) => shape)).toEqual(
      [8, 3, 6, 1].map((n) => [1, n, 6]),
    );
  },
);

test('the exported forward pass gives the same logits for an utterance by itself', async () => {
  const { logits } = await runOn(
    'onnx',
    ({ parameters, states }: { readonly parameters: Parameters; readonly states: tf.Tensor }) =>
      headOutputs(
        torch,
        parameters,
        // The third utterance has 6 steps of two frames.
        Array.from({ length: 3 }, (_, layer) => states.slice([layer, 2, 0, 0], [1, 1, 12, -1]).squeeze([0])),
      ) as { readonly logits: tf.Tensor },
    { parameters: torch.parameters, states: value('states') },
  );
  const all = value('logits');
  const expected = {
    ...all,
    shape: [1, 6, 6],
    data: all.data.slice(2 * 8 * 6, 2 * 8 * 6 + 36),
  } as HostTensor;
  expectNear({ logits: logits as HostTensor }, { logits: expected }, 1e-5);
});
