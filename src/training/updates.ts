/** @file The compiled updates of a model: one program where a batch is whole, three where it comes in parts. */
import { scalar } from '../base/host-tensor.js';
import type { Engine, Given } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters, Tree } from '../engine/tree.js';
import type { AdamState } from '../nn/adam.js';
import {
  addSums,
  batchGradients,
  type GradientSums,
  type LossFunction,
  partGradients,
  updateBy,
} from './gradient-sums.js';
import { frozenAs, type HeldWeights, holdWeights, releaseWeights, type Weights } from './held-weights.js';
import { type OptimizerSettings, type ResolvedGroups, resolveGroups } from './parameter-groups.js';

export interface Updated {
  readonly weights: HeldWeights;
  /** Before the update. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
}

/** Where in a training an update is. */
export interface UpdatePlace {
  readonly updatesBefore: number;
  readonly learningRate: number;
}

export interface Updates<Inputs extends Tree<tf.Tensor>> {
  /**
   * Hands weights to the engine, as the update after so many needs them.
   * @throws UserError for a parameter group that matches nothing
   */
  hold(weights: Weights, updatesBefore: number): HeldWeights;
  /**
   * One update. The weights given are used up, also where it throws.
   * @param parts a batch, or its parts whose gradients are summed before the update
   */
  update(weights: HeldWeights, parts: readonly Given<Inputs>[], at: UpdatePlace): Promise<Updated>;
  dispose(): Promise<void>;
}

/**
 * Compiles the updates of a model.
 * @param lossOf the model's loss, differentiable in the parameters
 * @param name of what is trained, for errors and traces
 */
export function compileUpdates<Inputs extends Tree<tf.Tensor>>(
  engine: Engine,
  lossOf: LossFunction<Inputs>,
  settings: OptimizerSettings,
  name: string,
): Updates<Inputs> {
  let compiled: { readonly frozen: string; readonly programs: Programs<Inputs> } | undefined;
  /** A program's inputs are the same in every run: where other parameters are frozen, there are other programs. */
  const programsFor = async ({ resting, groups }: HeldWeights): Promise<Programs<Inputs>> => {
    const frozen = Object.keys(resting.first).join();
    if (compiled?.frozen === frozen) return compiled.programs;
    await disposeAll(compiled?.programs);
    compiled = { frozen, programs: compilePrograms(engine, lossOf, settings.clipNorm, groups, name) };
    return compiled.programs;
  };
  return {
    hold: (weights, updatesBefore) =>
      holdWeights(engine, weights, resolveGroups(settings, weights.parameters), updatesBefore),
    async update(given, parts, at) {
      const weights = await frozenAs(engine, given, at.updatesBefore);
      try {
        return await updateOnce(await programsFor(weights), weights, parts, at);
      } catch (error) {
        await releaseWeights(weights);
        throw error;
      }
    },
    dispose: () => disposeAll(compiled?.programs),
  };
}

async function updateOnce<Inputs extends Tree<tf.Tensor>>(
  programs: Programs<Inputs>,
  weights: HeldWeights,
  [inputs, ...others]: readonly Given<Inputs>[],
  { updatesBefore, learningRate }: UpdatePlace,
): Promise<Updated> {
  if (inputs === undefined) throw new Error('an update needs a batch');
  const { trained, frozen, moments } = weights;
  const at = { step: scalar(updatesBefore), learningRate: scalar(learningRate) };
  const now = { parameters: trained, moments, ...at };
  let next: Awaited<ReturnType<typeof programs.whole.run>>;
  if (others.length === 0) next = await programs.whole.run({ ...now, frozen, inputs });
  else {
    let { sums } = await programs.first.run({ trained, frozen, inputs });
    try {
      for (const part of others)
        ({ sums } = await programs.more.run({ trained, frozen, inputs: part, sums }));
      next = await programs.last.run({ ...now, sums });
    } finally {
      await sums.release();
    }
  }
  return {
    weights: { ...weights, trained: next.parameters, moments: next.moments },
    loss: next.loss.data[0] as number,
    gradientNorm: next.gradientNorm.data[0] as number,
  };
}

async function disposeAll(
  programs: Readonly<Record<string, { dispose(): Promise<void> }>> = {},
): Promise<void> {
  for (const program of Object.values(programs)) await program.dispose();
}

/** Inputs and outputs of the programs. Types, so that they are trees. */
type Now = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  /** Updates done before, a scalar. */
  readonly step: tf.Tensor;
  readonly learningRate: tf.Tensor;
};
type Next = {
  readonly parameters: Parameters;
  readonly moments: AdamState<Parameters>;
  readonly loss: tf.Tensor;
  readonly gradientNorm: tf.Tensor;
};
type Part<Inputs> = { readonly trained: Parameters; readonly frozen: Parameters; readonly inputs: Inputs };

type Summed = { readonly sums: GradientSums };

type Programs<Inputs extends Tree<tf.Tensor>> = ReturnType<typeof compilePrograms<Inputs>>;

function compilePrograms<Inputs extends Tree<tf.Tensor>>(
  engine: Engine,
  lossOf: LossFunction<Inputs>,
  clipNorm: number,
  { adam }: ResolvedGroups,
  name: string,
) {
  return {
    whole: engine.compile(
      ({ frozen, inputs, ...now }: Now & { readonly frozen: Parameters; readonly inputs: Inputs }): Next => {
        const { gradients, loss } = batchGradients(lossOf, now.parameters, frozen, inputs);
        return { ...updateBy({ gradients }, now, clipNorm, adam), loss };
      },
      { name: `update of the ${name}`, keeps: ['parameters', 'moments'] },
    ),
    first: engine.compile(
      ({ trained, frozen, inputs }: Part<Inputs>): Summed => ({
        sums: partGradients(lossOf, trained, frozen, inputs),
      }),
      { name: `gradients of the ${name}`, keeps: ['sums'] },
    ),
    more: engine.compile(
      ({ trained, frozen, inputs, sums }: Part<Inputs> & Summed): Summed => ({
        sums: addSums(sums, partGradients(lossOf, trained, frozen, inputs)),
      }),
      { name: `further gradients of the ${name}`, keeps: ['sums'] },
    ),
    last: engine.compile(
      ({ sums, ...now }: Now & Summed): Next => ({
        ...updateBy(sums, now, clipNorm, adam),
        loss: sums.loss.div(sums.count),
      }),
      { name: `summed update of the ${name}`, keeps: ['parameters', 'moments'] },
    ),
  };
}
