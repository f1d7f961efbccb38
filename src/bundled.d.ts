/** @file What `src/bundle.mjs` makes, for the type-check of a checkout in which it has not run. */
declare module '#bundled/tensorflow.js';
