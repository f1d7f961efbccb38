/** @file Installs native libraries that are not in npm packages: `native.mjs tensorflow` or `native.mjs cuda`. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

/**
 * npm's scripts are off in this project (.npmrc), so each package's own install script is run here, by name.
 * ONNX Runtime's fetches its CUDA libraries only when ONNXRUNTIME_NODE_INSTALL says so.
 */
const sets = {
  tensorflow: [{ name: '@tensorflow/tfjs-node', environment: {} }],
  cuda: [
    { name: 'onnxruntime-node', environment: { ONNXRUNTIME_NODE_INSTALL: 'cuda12' } },
    { name: '@tensorflow/tfjs-node-gpu', environment: {} },
  ],
};

const set = process.argv[2] ?? '';
if (!Object.hasOwn(sets, set)) {
  console.error(`setup: '${set}' is not known. Take one of: ${Object.keys(sets).join(', ')}`);
  process.exit(2);
}
if (set === 'cuda' && (process.platform !== 'linux' || process.arch !== 'x64')) {
  console.error(`setup: CUDA libraries are for Linux on x64, this is ${process.platform} on ${process.arch}`);
  process.exit(2);
}
const failed = sets[set].filter(({ name, environment }) => {
  console.log(`setup: running the install script of ${name} (it downloads a native library)`);
  const { status } = spawnSync('npm', ['rebuild', '--ignore-scripts=false', name], {
    env: { ...process.env, ...environment },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  return status !== 0;
});
if (failed.length > 0) {
  const names = failed.map(({ name }) => name).join(' and ');
  console.error(`setup: ${names} could not be installed: its script needs the internet (see above).`);
  process.exit(1);
}
console.log("setup: done. 'npx ehmam doctor' says what works now.");
