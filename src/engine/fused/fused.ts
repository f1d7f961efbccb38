/**
 * @file Fused operations: what a device does in one kernel of our own, for all tensors at once, where ONNX Runtime has a chain
 * of operators for each, or a loop over time. They run between the models of a program (stages.ts).
 */

/**
 * `norm`: [share?, ...tensors] and the limit, to the norm of all tensors together and what they are to be multiplied by;
 * `adam`: [value, gradient, first, second, rate, smallest, learningRate, scale?] and [beta1, beta2, factor, decay], to [value, first, second];
 * `average`: [value, now, decay], to value * decay + now * (1 - decay);
 * `paths`: [emissions [T, R, S], own [T, R], before [R, S], leaps [R, S]], to log-probabilities [T, R, S] of the paths that are in a state at a frame;
 * `lstm`: [fromInput [T, .., 4H, B], recurrent [.., 4H, H]], to hidden [T, .., B, H], inputForget [T, .., 2H, B], and candidate, output, kept and
 * squashed [T, .., H, B] (`Steps` of nn/lstm-steps.ts);
 * `lstmGradients`: [recurrent, inputForget, candidate, output, kept, squashed, dHidden [T, .., B, H]], to those of the gates [T, .., B, 4H].
 */
export type FusedName = 'norm' | 'adam' | 'average' | 'paths' | 'lstm' | 'lstmGradients';

/** A fused operation, its inputs and outputs named by what stands for them: values of a graph, or names of a model. */
export interface Fused<At> {
  readonly name: FusedName;
  readonly inputs: readonly (At | undefined)[];
  readonly outputs: readonly At[];
  readonly numbers: readonly number[];
}
