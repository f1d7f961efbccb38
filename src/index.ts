/** @file The package: what `import ... from 'ehmam'` gives to plug-ins. */
export * from './api/index.js';
export * from './api/tensors.js';
