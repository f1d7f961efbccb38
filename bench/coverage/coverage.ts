/** @file Prints how often 95 % intervals hold the truth in 2,000 simulated test sets (npm run bench:coverage). */
import { simulateCoverage } from './simulate.js';

for (const { what, held } of simulateCoverage({ testSets: 2000, resamples: 1000, seed: 1 })) {
  console.log(`${(held * 100).toFixed(1).padStart(5)} %  ${what}`);
}
