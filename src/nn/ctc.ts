/**
 * @file Connectionist temporal classification (Graves et al. 2006): the loss in log space, its gradient by hand.
 *
 * As `torch.nn.functional.ctc_loss(reduction='none', zero_infinity=True)` on the log-softmax of the logits.
 */
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
    const alphas = forwardVariables(emissions, frameMask, lattice);
    const last = tf.squeeze(tf.slice(alphas, [alphas.shape[0] - 1, 0, 0], [1, -1, -1]), [0]);
    const evidence = logSumOfStates(tf.add(last, lattice.ends)); // [B, 1]
    const { oneHot, starts, ends, skips } = lattice;
    (save as tf.GradSaveFunc)([
      logProbabilities,
      emissions,
      alphas,
      evidence,
      frameMask,
      oneHot,
      starts,
      ends,
      skips,
    ]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => gradient(dy, saved as Saved);
    return { value: tf.squeeze(tf.neg(tf.mul(evidence, fitOf(evidence))), [1]), gradFunc };
  });
  return loss(logits) as tf.Tensor1D;
}

/** What the forward pass leaves to the backward one: log-probabilities [B, T, V], emissions and alphas [T, B, S], log-likelihoods [B, 1], the frames' mask [B, T] and the lattice. */
type Saved = [
  tf.Tensor3D,
  tf.Tensor3D,
  tf.Tensor3D,
  tf.Tensor2D,
  tf.Tensor2D,
  tf.Tensor3D,
  tf.Tensor2D,
  tf.Tensor2D,
  tf.Tensor2D,
];

/** Softmax minus the posterior of each token at each frame. */
function gradient(dy: tf.Tensor, saved: Saved): tf.Tensor {
  const [logProbabilities, emissions, alphas, evidence, frameMask, oneHot, starts, ends, skips] = saved;
  const betas = backwardVariables(emissions, frameMask, { oneHot, starts, ends, skips });
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
  /** [B, S]: 0 where a path may begin, else `logZero`. */
  readonly starts: tf.Tensor2D;
  /** [B, S]: 0 where a path may end, else `logZero`. */
  readonly ends: tf.Tensor2D;
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
  const atEnd = tf.logicalOr(tf.equal(position, end), tf.equal(position, tf.sub(end, tf.scalar(1, 'int32'))));
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
    starts: tf.tile(penaltyWhereNot(tf.less(position, tf.scalar(2, 'int32'))), [batch, 1]) as tf.Tensor2D,
    ends: penaltyWhereNot(atEnd) as tf.Tensor2D,
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

/** log(exp a + exp b + exp c), elementwise. */
function logAddExp(a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): tf.Tensor {
  const top = tf.maximum(tf.maximum(a, b), c);
  const sum = tf.add(tf.add(tf.exp(tf.sub(a, top)), tf.exp(tf.sub(b, top))), tf.exp(tf.sub(c, top)));
  return tf.add(top, tf.log(sum));
}

/** `x` where the mask is 1, `y` where it is 0. */
function choose(mask: tf.Tensor, x: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(mask, x), tf.mul(tf.sub(1, mask), y));
}

/** alpha[t, b, s]: all beginnings of paths that are in state s at frame t, the frame's emission counted. [T, B, S] */
function forwardVariables(emissions: tf.Tensor3D, frameMask: tf.Tensor2D, lattice: Lattice): tf.Tensor3D {
  const [frames, batch, states] = emissions.shape;
  const first = tf.add(tf.squeeze(tf.slice(emissions, [0, 0, 0], [1, -1, -1]), [0]), lattice.starts); // [B, S]
  if (frames === 1) return tf.expandDims(first, 0);
  const masks = tf.expandDims(tf.transpose(frameMask), 2); // [T, B, 1]
  const border = tf.fill([batch, 2], logZero);
  const { outputs } = scan(
    ([alpha], [emission, mask]) => {
      const padded = tf.concat([border, alpha as tf.Tensor], 1); // [B, S + 2]
      const fromPrevious = tf.slice(padded, [0, 1], [-1, states]);
      const fromSkip = tf.add(tf.slice(padded, [0, 0], [-1, states]), lattice.skips);
      const reached = tf.add(logAddExp(alpha as tf.Tensor, fromPrevious, fromSkip), emission as tf.Tensor);
      const next = choose(mask as tf.Tensor, reached, alpha as tf.Tensor);
      return { state: [next], outputs: [next] };
    },
    [first],
    [tf.slice(emissions, [1, 0, 0], [frames - 1, -1, -1]), tf.slice(masks, [1, 0, 0], [frames - 1, -1, -1])],
  );
  return tf.concat([tf.expandDims(first, 0), outputs[0] as tf.Tensor3D], 0) as tf.Tensor3D;
}

/** beta[t, b, s]: all ends of paths that are in state s at frame t, the frame's emission left out. [T, B, S] */
function backwardVariables(emissions: tf.Tensor3D, frameMask: tf.Tensor2D, lattice: Lattice): tf.Tensor3D {
  const [frames, batch, states] = emissions.shape;
  if (frames === 1) return tf.expandDims(lattice.ends, 0);
  const masks = tf.expandDims(tf.transpose(frameMask), 2); // [T, B, 1]
  const border = tf.fill([batch, 2], logZero);
  const skipsAhead = tf.concat([tf.slice(lattice.skips, [0, 2], [-1, states - 2]), border], 1); // [B, S]
  const { outputs } = scan(
    ([beta], [emission, mask]) => {
      // `emission` and `mask` are the next frame's: behind the last frame of an utterance beta stays at the ends.
      const onward = tf.add(beta as tf.Tensor, emission as tf.Tensor);
      const padded = tf.concat([onward, border], 1); // [B, S + 2]
      const toNext = tf.slice(padded, [0, 1], [-1, states]);
      const toSkip = tf.add(tf.slice(padded, [0, 2], [-1, states]), skipsAhead);
      const next = choose(mask as tf.Tensor, logAddExp(onward, toNext, toSkip), lattice.ends);
      return { state: [next], outputs: [next] };
    },
    [lattice.ends],
    [tf.slice(emissions, [1, 0, 0], [frames - 1, -1, -1]), tf.slice(masks, [1, 0, 0], [frames - 1, -1, -1])],
    { reverse: true },
  );
  return tf.concat([outputs[0] as tf.Tensor3D, tf.expandDims(lattice.ends, 0)], 0) as tf.Tensor3D;
}
