import { test } from 'vitest';
import { simulateCoverage } from '/work/h-v/bench/coverage/simulate.js';

test('x', () => {
  for (const c of simulateCoverage({ testSets: 1000, resamples: 300, seed: 3 }).filter((c) =>
    c.what.includes('two of'),
  ))
    console.log(c.held.toFixed(4), c.what);
}, 600000);
