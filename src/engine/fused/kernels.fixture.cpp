// Runs kernels.cu on the processor: threads of a block are threads, blocks come one after the other.
#include <barrier>
#include <cmath>
#include <thread>
#include <vector>

struct Place {
  unsigned x, y, z;
};
static thread_local Place threadIdx, blockIdx;
static Place gridDim;
static std::barrier<> *block;
using std::sqrt;

#define __global__
#define __device__ static
#define __shared__ static
#define __syncthreads() block->arrive_and_wait()
#include "kernels.cu"

template <typename Row>
static void launch(void (*kernel)(const Row *), const void *table, unsigned rows, unsigned blocks) {
  std::barrier<> all(THREADS);
  block = &all;
  gridDim = {blocks, rows, 1};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < THREADS; i++)
    threads.emplace_back([=] {
      threadIdx = {i, 0, 0};
      for (unsigned y = 0; y < rows; y++)
        for (unsigned x = 0; x < blocks; x++) {
          blockIdx = {x, y, 0};
          kernel((const Row *)table);
          // The next block has the same shared memory.
          __syncthreads();
        }
    });
  for (auto &thread : threads) thread.join();
}

extern "C" void run(const char *name, const void *table, unsigned rows, unsigned blocks) {
  if (name[0] == 'a' && name[1] == 'd') launch(adam, table, rows, blocks);
  if (name[0] == 'a' && name[1] == 'v') launch(average, table, rows, blocks);
  if (name[0] == 's') launch(squares, table, rows, blocks);
  if (name[0] == 'c') launch(clip, table, rows, blocks);
  if (name[0] == 'p') launch(paths, table, rows, blocks);
  if (name[0] == 'l' && !name[4]) launch(lstm, table, rows, blocks);
  if (name[0] == 'l' && name[4]) launch(lstmGradients, table, rows, blocks);
}
