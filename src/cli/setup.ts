/** @file `ehmam setup`: installs the native libraries of optional engines, and of what npm left out. */
import { defineCommand } from './command.js';
import { type SetName, setNames } from './setup/sets.js';

/** The engine to try afterwards, and whether the set has failed where it does not run. */
const engineOf = {
  tensorflow: { engine: 'tensorflow', provider: 'cpu', needed: true },
  // A node without a GPU may install what another one uses.
  cuda: { engine: 'onnx', provider: 'cuda', needed: false },
  onnx: { engine: 'onnx', provider: 'cpu', needed: true },
} as const satisfies Readonly<Record<SetName, object>>;

export const setupCommand = defineCommand({
  usage: 'setup <libraries>',
  summary: 'Install native libraries: TensorFlow, CUDA, or ONNX Runtime where npm left it out',
  positionals: {
    libraries: { choices: setNames, demandOption: true, describe: 'What to install' },
  },
  options: {},
  examples: [
    ['setup tensorflow', "TensorFlow's library, for --engine tensorflow (about 700 MB on disk)"],
    [
      'setup cuda',
      'For --provider cuda and TensorFlow on a GPU: Linux on x64, NVIDIA driver, CUDA 12, cuDNN 9',
    ],
    ['setup onnx', "ONNX Runtime, where npm's install scripts had no network"],
  ],
  async run({ libraries: set }, io) {
    const { installPiece } = await import('./setup/install.js');
    const { piecesOf } = await import('./setup/sets.js');
    const { tryEngine } = await import('./doctor/diagnose.js');
    const installed = [];
    for (const piece of piecesOf(set)) {
      io.say(`setup: ${piece.library}`);
      installed.push(await installPiece(piece, io));
    }
    const { needed, ...engine } = engineOf[set];
    const check = await tryEngine(engine);
    const lines = installed.map(
      ({ library, version, folder, before }) =>
        `${library} ${version}: ${before ? 'was installed already' : 'installed'} (${folder})`,
    );
    lines.push(`${check.name}: ${check.works ? 'works' : 'does not work'}, ${check.detail}`);
    io.print(io.json ? JSON.stringify({ set, installed, check }, null, 2) : lines.join('\n'));
    return needed && !check.works ? 1 : 0;
  },
});
