/**
 * @file Connectionist temporal classification (Graves et al. 2006): the loss in log space, its gradient by hand.
 *
 * As `torch.nn.functional.ctc_loss(reduction='none', zero_infinity=True)` on the log-softmax of the logits.
 */
import { fused } from '../engine/fused/operations.js';
import { defineLowering, need } from '../engine/kernels/index.js';
import { lowered } from '../engine/lowered.js';
import * as tf from '../engine/ops.js';
import { scan } from '../engine/scan.js';

/** Stands for log 0: far below any path, and still finite when added to. */
const logZero = -1e30;

/**
 * Minus the log-probability of each target, summed over all its alignments.
 * A target that does not fit its frames has loss 0 and gradient 0 (torch's `zero_infinity`).
 * @param logits [B, T, V], before the softmax
 * @param targets [B, L] int32, padded with anything but token indices below 0; no blanks among the first `targetLengths`
 * @param logitLengths [B] int32, frames of each utterance, at least 1
 * @param targetLengths [B] int32
 * @returns [B]; differentiable in the logits
 */
export function ctcLoss(
  logits: tf.Tensor3D,
  targets: tf.Tensor2D,
  logitLengths: tf.Tensor1D,
  targetLengths: tf.Tensor1D,
  blank = 0,
): tf.Tensor1D {
  const lattice = latticeOf(targets, targetLengths, logits.shape[2], blank);
  const frameMask = frameMaskOf(logitLengths, logits.shape[1]);
  const loss = tf.customGrad((x, save) => {
    const logProbabilities = tf.logSoftmax(x as tf.Tensor3D, -1);
    const emissions = emissionsOf(logProbabilities, lattice);
    const { paths, last } = pathsOf(emissions, frameMask, lattice);
    const evidence = logSumOfStates(tf.add(last, lattice.ends)); // [B, 1]
    (save as tf.GradSaveFunc)([logProbabilities, emissions, paths, evidence, frameMask, lattice.oneHot]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => gradient(dy, saved as Saved);
    return { value: tf.squeeze(tf.neg(tf.mul(evidence, fitOf(evidence))), [1]), gradFunc };
  });
  return loss(logits) as tf.Tensor1D;
}

/** What the forward pass leaves to the backward one: log-probabilities [B, T, V], emissions [T, B, S], paths [T, 2 B, S], log-likelihoods [B, 1], the frames' mask [B, T] and the states' tokens [B, S, V]. */
type Saved = [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor2D, tf.Tensor2D, tf.Tensor3D];

/** Softmax minus the posterior of each token at each frame. */
function gradient(dy: tf.Tensor, saved: Saved): tf.Tensor {
  const [logProbabilities, emissions, paths, evidence, frameMask, oneHot] = saved;
  const [alphas, mirrored] = tf.split(paths, 2, 1) as [tf.Tensor3D, tf.Tensor3D];
  const betas = tf.sub(tf.reverse(mirrored, [0, 2]), emissions);
  const fit = fitOf(evidence);
  // Where the target does not fit, `fit` takes the gradient away; the minimum keeps exp finite there.
  const logOccupancy = tf.sub(tf.add(alphas, betas), tf.expandDims(tf.mul(evidence, fit), 0));
  const occupancy = tf.exp(tf.minimum(logOccupancy, 0)); // [T, B, S]
  const posterior = tf.matMul(tf.transpose(occupancy, [1, 0, 2]), oneHot); // [B, T, V]
  const scale = tf.mul(tf.mul(tf.reshape(dy, [-1, 1]), fit), frameMask); // [B, T]
  return tf.mul(tf.sub(tf.exp(logProbabilities), posterior), tf.expandDims(scale, -1));
}

/** log(sum(exp(x))) over the last axis of [B, S], as [B, 1]. */
function logSumOfStates(x: tf.Tensor): tf.Tensor2D {
  const top = tf.max(x, -1, true);
  return tf.add(top, tf.log(tf.sum(tf.exp(tf.sub(x, top)), -1, true)));
}

/** 1 where a target fits its frames, else 0. */
function fitOf(evidence: tf.Tensor): tf.Tensor {
  return tf.cast(tf.greater(evidence, logZero / 2), 'float32');
}

/** The states that a target gives: blanks around every token, S = 2 L + 1 of them. */
interface Lattice {
  /** [B, S, V]: the token of each state. */
  readonly oneHot: tf.Tensor3D;
  /** [B, S]: 0 where a path may end, else `logZero`. */
  readonly ends: tf.Tensor2D;
  /** [B, S]: 0 at the last state, else `logZero`. */
  readonly lastState: tf.Tensor2D;
  /** [B, S]: 0 where state s may follow state s - 2, else `logZero`. */
  readonly skips: tf.Tensor2D;
}

function latticeOf(
  targets: tf.Tensor2D,
  targetLengths: tf.Tensor1D,
  vocabulary: number,
  blank: number,
): Lattice {
  const [batch, length] = targets.shape;
  const states = 2 * length + 1;
  const blanks = tf.fill([batch, length, 1], blank, 'int32');
  const pairs = tf.reshape(tf.concat([blanks, tf.expandDims(targets, 2)], 2), [batch, 2 * length]);
  const symbols = tf.concat([pairs, tf.fill([batch, 1], blank, 'int32')], 1); // [B, S]
  const tokens = countTo(vocabulary);
  const oneHot = tf.cast(tf.equal(tf.expandDims(symbols, 2), tf.reshape(tokens, [1, 1, -1])), 'float32');
  const position = tf.reshape(countTo(states), [1, -1]);
  const end = tf.expandDims(tf.mul(targetLengths, tf.scalar(2, 'int32')), 1); // [B, 1]
  const isLast = tf.equal(position, end);
  const atEnd = tf.logicalOr(isLast, tf.equal(position, tf.sub(end, tf.scalar(1, 'int32'))));
  const twoBefore = tf.concat(
    [tf.fill([batch, 2], blank, 'int32'), tf.slice(symbols, [0, 0], [-1, states - 2])],
    1,
  );
  const skips = tf.logicalAnd(
    tf.notEqual(symbols, tf.scalar(blank, 'int32')),
    tf.logicalAnd(tf.notEqual(symbols, twoBefore), tf.greater(position, tf.scalar(1, 'int32'))),
  );
  return {
    oneHot: oneHot as tf.Tensor3D,
    ends: penaltyWhereNot(atEnd) as tf.Tensor2D,
    lastState: penaltyWhereNot(isLast) as tf.Tensor2D,
    skips: penaltyWhereNot(skips) as tf.Tensor2D,
  };
}

/** 0, 1, ... below `count`, as a constant. */
function countTo(count: number): tf.Tensor1D {
  return tf.tensor1d(
    Array.from({ length: count }, (_, i) => i),
    'int32',
  );
}

/** 0 where the condition holds, `logZero` elsewhere. */
function penaltyWhereNot(condition: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(1, tf.cast(condition, 'float32')), logZero);
}

/** [B, T]: 1 on the frames of an utterance, 0 behind them. */
function frameMaskOf(logitLengths: tf.Tensor1D, frames: number): tf.Tensor2D {
  const time = tf.reshape(countTo(frames), [1, -1]);
  return tf.cast(tf.less(time, tf.expandDims(logitLengths, 1)), 'float32');
}

/** Log-probability of each state's token at each frame: [T, B, S]. */
function emissionsOf(logProbabilities: tf.Tensor3D, lattice: Lattice): tf.Tensor3D {
  return tf.transpose(tf.matMul(logProbabilities, lattice.oneHot, false, true), [1, 0, 2]);
}

defineLowering('LogSumExp', (graph, inputs, { axis }) => {
  const x = need(inputs, 'x');
  const shape = x.shape.filter((_, i) => i !== axis);
  return graph.emit('ReduceLogSumExp', [x, graph.int64s([axis as number])], shape, x.type, {
    attributes: { keepdims: { int: 0 } },
  });
});

/** log(sum(exp(x))) over an axis: one node of a loop, where each costs. */
function logSumExp(x: tf.Tensor, axis: number): tf.Tensor {
  return lowered('LogSumExp', { x }, { axis }, () => [tf.logSumExp(x, axis)])[0] as tf.Tensor;
}

/**
 * All beginnings of paths that are in a state at a frame, and all ends, each with the frame's emission counted. The ends are
 * beginnings in a mirror, of frames and of states: so one loop computes both.
 * @returns paths: [T, 2 B, S], beginnings above mirrored ends; last: [B, S], all that are in a state at their last frame
 */
function pathsOf(
  emissions: tf.Tensor3D,
  frameMask: tf.Tensor2D,
  { lastState, skips }: Lattice,
): { readonly paths: tf.Tensor3D; readonly last: tf.Tensor2D } {
  const [frames, batch, states] = emissions.shape;
  const isFirst = tf.tile(isFirstOf(states), [batch, 1]);
  const before = tf.concat([penaltyWhereNot(isFirst), tf.reverse(lastState, [1])], 0); // (2 B, S)
  const ahead = tf.concat([tf.slice(skips, [0, 2], [-1, states - 2]), tf.fill([batch, 2], logZero)], 1);
  const leaps = tf.concat([skips, tf.reverse(ahead, [1])], 0); // (2 B, S)
  const all = tf.concat([emissions, tf.reverse(emissions, [0, 2])], 1); // (T, 2 B, S)
  const mask = tf.transpose(frameMask); // (T, B)
  const own = tf.concat([mask, tf.reverse(mask, [0])], 1); // (T, 2 B)
  const inputs = [all, own, before, leaps] as const;
  const [paths] = fused('paths', inputs, [], () => [frameByFrame(...(inputs as FrameInputs))]);
  const last = tf.slice(paths as tf.Tensor3D, [frames - 1, 0, 0], [1, batch, -1]);
  return { paths: paths as tf.Tensor3D, last: tf.reshape(last, [batch, states]) };
}

type FrameInputs = [emissions: tf.Tensor3D, own: tf.Tensor2D, before: tf.Tensor2D, leaps: tf.Tensor2D];

/** [1, S]: whether a state is the first. */
const isFirstOf = (states: number): tf.Tensor =>
  tf.equal(tf.reshape(countTo(states), [1, -1]), tf.scalar(0, 'int32'));

/** The fused operation `paths` in plain operations, a step of a loop for each frame. */
function frameByFrame(...[emissions, own, before, leaps]: FrameInputs): tf.Tensor {
  const [, rows, states] = emissions.shape;
  const steps = tf.tile(penaltyWhereNot(tf.logicalNot(isFirstOf(states))), [rows, 1]);
  const penalties = tf.stack([tf.zerosLike(leaps), steps, leaps], 1); // (2 B, 3, S)
  // Into each state: from itself, from the one before, from that before it.
  const sources = tf.tensor2d(
    [0, 1, 2].flatMap((back) => Array.from({ length: states }, (_, s) => Math.max(s - back, 0))),
    [3, states],
    'int32',
  );
  const { outputs } = scan(
    ([reached], [emission, isOwn]) => {
      const from = tf.add(tf.gather(reached as tf.Tensor, sources, 1), penalties);
      const next = tf.add(logSumExp(from, 1), emission as tf.Tensor);
      // Behind its last frame, in the mirror before its first one, a row stays as it is.
      const kept = tf.where(isOwn as tf.Tensor, next, reached as tf.Tensor);
      return { state: [kept], outputs: [kept] };
    },
    [before],
    [emissions, tf.cast(tf.expandDims(own, 2), 'bool')],
  );
  return outputs[0] as tf.Tensor;
}
