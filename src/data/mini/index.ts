/** @file The public face of the mini suite: an English corpus, spoken by synthesisers on first use. */
export { buildMiniSuite, type MiniSuite, type MiniSuiteOptions } from './build.js';
