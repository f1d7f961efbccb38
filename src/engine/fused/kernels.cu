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
