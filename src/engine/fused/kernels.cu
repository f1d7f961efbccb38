// The device's side of fused operations (operations.ts): one launch for all rows of a table, whose layout table.ts writes.
// Roundings are those of the single operations: compiled without fused multiply-add, the results are the same to the bit.
// compile.py makes kernels.ts of this file.

typedef unsigned long long size;

#define THREADS 256
#define STRIDED(i, count) \
  for (size i = (size)blockIdx.x * THREADS + threadIdx.x; i < (count); i += (size)gridDim.x * THREADS)

struct AdamRow {
  const float *value, *gradient, *first, *second;
  float *nextValue, *nextFirst, *nextSecond;
  const float *rate, *smallest, *learningRate, *scale;
  size count;
  double beta1, beta2, factor, decay;
};

extern "C" __global__ void adam(const AdamRow *rows) {
  const AdamRow row = rows[blockIdx.y];
  const float beta1 = (float)row.beta1, beta2 = (float)row.beta2;
  const float scale = row.scale ? *row.scale : 1.0f;
  const float ofFirst = scale * (float)(1.0 - row.beta1), ofSecond = scale * (float)sqrt(1.0 - row.beta2);
  const float rate = *row.rate * (float)row.factor, smallest = *row.smallest;
  const float kept = 1.0f - *row.learningRate * (float)(row.factor * row.decay);
  STRIDED(i, row.count) {
    const float gradient = row.gradient[i], root = gradient * ofSecond;
    const float first = row.first[i] * beta1 + gradient * ofFirst;
    const float second = row.second[i] * beta2 + root * root;
    row.nextFirst[i] = first;
    row.nextSecond[i] = second;
    row.nextValue[i] = row.value[i] * kept - first / (sqrtf(second) + smallest) * rate;
  }
}

struct AverageRow {
  const float *value, *now;
  float *next;
  const float *decay;
  size count;
  size unused[11];
};

extern "C" __global__ void average(const AverageRow *rows) {
  const AverageRow row = rows[blockIdx.y];
  const float decay = *row.decay, rest = 1.0f - decay;
  STRIDED(i, row.count) row.next[i] = row.value[i] * decay + row.now[i] * rest;
}

// The sum over a block of what its threads have; the first of them has it in the end.
__device__ double sumOfBlock(double own) {
  __shared__ double sums[THREADS];
  sums[threadIdx.x] = own;
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  return sums[0];
}

struct SquaresRow {
  const float *values;
  double *sums;
  size count;
  size unused[13];
};

// Sums of squares, one of each block: adding them up in their order gives the same at every run.
extern "C" __global__ void squares(const SquaresRow *rows) {
  const SquaresRow row = rows[blockIdx.y];
  double sum = 0;
  STRIDED(i, row.count) sum += (double)row.values[i] * row.values[i];
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) row.sums[blockIdx.x] = sum;
}

struct ClipRow {
  const double *sums;
  float *norm, *scale;
  const float *share;
  size count;
  double limit;
  size unused[10];
};

extern "C" __global__ void clip(const ClipRow *rows) {
  const ClipRow row = rows[blockIdx.y];
  double sum = 0;
  STRIDED(i, row.count) sum += row.sums[i];
  sum = sumOfBlock(sum);
  if (threadIdx.x > 0) return;
  const float share = row.share ? *row.share : 1.0f;
  const float norm = (float)sqrt(sum) * share;
  const float factor = row.limit > 0 ? fminf(1.0f / (norm + 1e-6f) * (float)row.limit, 1.0f) : 1.0f;
  *row.norm = norm;
  *row.scale = factor * share;
}

struct PathsRow {
  const float *emissions, *own, *before, *leaps;
  float *paths;
  size frames, rows, states;
  size unused[8];
};

// Paths through a lattice, frame by frame: into each state from itself, the one before, and, where `leaps` lets them, that before it.
extern "C" __global__ void paths(const PathsRow *table) {
  const float none = -3e38f;
  const PathsRow row = *table;
  const size states = row.states, across = row.rows * states;
  const float *from = row.before + blockIdx.x * states, *leaps = row.leaps + blockIdx.x * states;
  for (size t = 0; t < row.frames; t++) {
    const bool own = row.own[t * row.rows + blockIdx.x] > 0;
    const float *emissions = row.emissions + t * across + blockIdx.x * states;
    float *to = row.paths + t * across + blockIdx.x * states;
    for (size s = threadIdx.x; s < states; s += THREADS) {
      const float stay = from[s];
      if (own) {
        const float step = s > 0 ? from[s - 1] : none, leap = s > 1 ? from[s - 2] + leaps[s] : none;
        const float top = fmaxf(stay, fmaxf(step, leap));
        to[s] = top + logf(expf(stay - top) + expf(step - top) + expf(leap - top)) + emissions[s];
      } else {
        to[s] = stay;
      }
    }
    __syncthreads();
    from = to;
  }
}

// Both kernels of an LSTM do one step of all directions: a block has UNITS units of one, and takes COLUMNS utterances at a time.
#define UNITS 8
#define COLUMNS 32
#define DEPTH 32
#define PARTS 4

struct LstmRow {
  const float *fromInput, *recurrent;
  float *hidden, *inputForget, *candidate, *output, *kept, *squashed;
  size directions, units, batch, step;
  size unused[4];
};

__device__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

extern "C" __global__ void lstm(const LstmRow *table) {
  __shared__ float weights[DEPTH][4 * UNITS + 1], given[DEPTH][COLUMNS + 1], sums[4 * UNITS][COLUMNS];
  const LstmRow row = *table;
  const unsigned units = row.units, batch = row.batch, directions = row.directions, blocks = gridDim.x / directions;
  const unsigned direction = blockIdx.x / blocks, first = blockIdx.x % blocks * UNITS;
  const size place = row.step * directions + direction, of = (size)units * batch;
  const float *recurrent = row.recurrent + direction * 4 * units * units;
  const float *before = row.hidden + (place - directions) * of;
  // For the product: a gate of a unit, and four utterances.
  const unsigned gate = threadIdx.x / 8, group = threadIdx.x % 8 * 4;
  for (unsigned start = 0; start < batch; start += COLUMNS) {
    float own[4] = {0, 0, 0, 0};
    for (unsigned depth = 0; row.step > 0 && depth < units; depth += DEPTH) {
      for (unsigned i = threadIdx.x; i < 4 * UNITS * DEPTH; i += THREADS) {
        const unsigned unit = first + i / DEPTH % UNITS, k = depth + i % DEPTH;
        weights[i % DEPTH][i / DEPTH] =
            unit < units && k < units ? recurrent[(i / DEPTH / UNITS * units + unit) * units + k] : 0;
      }
      for (unsigned i = threadIdx.x; i < COLUMNS * DEPTH; i += THREADS) {
        const unsigned utterance = start + i / DEPTH, k = depth + i % DEPTH;
        given[i % DEPTH][i / DEPTH] = utterance < batch && k < units ? before[utterance * units + k] : 0;
      }
      __syncthreads();
#pragma unroll 4
      for (unsigned k = 0; k < DEPTH; k++)
        for (unsigned j = 0; j < 4; j++) own[j] = fmaf(weights[k][gate], given[k][group + j], own[j]);
      __syncthreads();
    }
    for (unsigned j = 0; j < 4; j++) sums[gate][group + j] = own[j];
    __syncthreads();
    const unsigned u = threadIdx.x / COLUMNS, column = threadIdx.x % COLUMNS;
    const unsigned unit = first + u, utterance = start + column;
    if (unit < units && utterance < batch) {
      const float *fromInput = row.fromInput + place * 4 * of + utterance;
      const float received[4] = {
          sums[u][column] + fromInput[unit * batch],
          sums[UNITS + u][column] + fromInput[(units + unit) * batch],
          sums[2 * UNITS + u][column] + fromInput[(2 * units + unit) * batch],
          sums[3 * UNITS + u][column] + fromInput[(3 * units + unit) * batch],
      };
      const unsigned inLayer = unit * batch + utterance;
      const size at = place * of + inLayer, atInput = place * 2 * of + inLayer, past = directions * of;
      const float cell =
          row.step > 0 ? row.kept[at - past] + row.inputForget[atInput - 2 * past] * row.candidate[at - past] : 0;
      const float input = sigmoid(received[0]), forget = sigmoid(received[1]);
      const float candidate = tanhf(received[2]), output = sigmoid(received[3]);
      const float kept = forget * cell, squashed = tanhf(kept + input * candidate);
      row.inputForget[atInput] = input;
      row.inputForget[atInput + of] = forget;
      row.candidate[at] = candidate;
      row.output[at] = output;
      row.kept[at] = kept;
      row.squashed[at] = squashed;
      row.hidden[place * of + utterance * units + unit] = output * squashed;
    }
    __syncthreads();
  }
}

struct LstmGradientsRow {
  const float *recurrent, *inputForget, *candidate, *output, *kept, *squashed, *dHidden;
  float *dGates, *dCell;
  size directions, units, batch, step, last;
  size unused[2];
};

// From the last step to the first; between steps `dCell` has what a cell passes on to the one before it.
extern "C" __global__ void lstmGradients(const LstmGradientsRow *table) {
  __shared__ float weights[PARTS * DEPTH][UNITS + 1], given[PARTS * DEPTH][COLUMNS + 1], sums[PARTS][UNITS][COLUMNS];
  const LstmGradientsRow row = *table;
  const unsigned units = row.units, batch = row.batch, directions = row.directions, blocks = gridDim.x / directions;
  const unsigned gates = 4 * units, direction = blockIdx.x / blocks, first = blockIdx.x % blocks * UNITS;
  const size place = row.step * directions + direction, of = (size)units * batch;
  const bool isLast = row.step == row.last;
  const float *recurrent = row.recurrent + direction * gates * units;
  const float *behind = row.dGates + (place + directions) * 4 * of;
  // For the product: a part of its depth, a unit, and four utterances.
  const unsigned part = threadIdx.x / 64, one = threadIdx.x / 8 % UNITS, group = threadIdx.x % 8 * 4;
  for (unsigned start = 0; start < batch; start += COLUMNS) {
    float own[4] = {0, 0, 0, 0};
    for (unsigned depth = 0; !isLast && depth < gates; depth += PARTS * DEPTH) {
      for (unsigned i = threadIdx.x; i < PARTS * DEPTH * UNITS; i += THREADS) {
        const unsigned unit = first + i % UNITS, k = depth + i / UNITS;
        weights[i / UNITS][i % UNITS] = unit < units && k < gates ? recurrent[k * units + unit] : 0;
      }
      for (unsigned i = threadIdx.x; i < PARTS * DEPTH * COLUMNS; i += THREADS) {
        const unsigned utterance = start + i / (PARTS * DEPTH), k = depth + i % (PARTS * DEPTH);
        given[i % (PARTS * DEPTH)][i / (PARTS * DEPTH)] =
            utterance < batch && k < gates ? behind[utterance * gates + k] : 0;
      }
      __syncthreads();
#pragma unroll 4
      for (unsigned k = part * DEPTH; k < (part + 1) * DEPTH; k++)
        for (unsigned j = 0; j < 4; j++) own[j] = fmaf(weights[k][one], given[k][group + j], own[j]);
      __syncthreads();
    }
    for (unsigned j = 0; j < 4; j++) sums[part][one][group + j] = own[j];
    __syncthreads();
    const unsigned u = threadIdx.x / COLUMNS, column = threadIdx.x % COLUMNS;
    const unsigned unit = first + u, utterance = start + column;
    if (unit < units && utterance < batch) {
      float dHidden = row.dHidden[place * of + utterance * units + unit];
      for (unsigned i = 0; i < PARTS; i++) dHidden += sums[i][u][column];
      const unsigned inLayer = unit * batch + utterance;
      const size at = place * of + inLayer, atInput = place * 2 * of + inLayer;
      const float input = row.inputForget[atInput], forget = row.inputForget[atInput + of];
      const float candidate = row.candidate[at], output = row.output[at], squashed = row.squashed[at];
      float *passed = row.dCell + direction * of + inLayer;
      const float dCell = dHidden * (output * (1.0f - squashed * squashed)) + (isLast ? 0 : *passed);
      *passed = dCell * forget;
      float *dGates = row.dGates + place * 4 * of + utterance * gates + unit;
      dGates[0] = dCell * (input * candidate * (1.0f - input));
      dGates[units] = dCell * (row.kept[at] * (1.0f - forget));
      dGates[2 * units] = dCell * (input * (1.0f - candidate * candidate));
      dGates[3 * units] = dHidden * (output * squashed * (1.0f - output));
    }
    __syncthreads();
  }
}
