/** @file `ehmam setup`: installs the native libraries of optional engines, and of what npm left out. */
import { UserError } from '../base/errors.js';
import { type CommandIo, defineCommand } from './command.js';
import { type SetName, setNames } from './setup/sets.js';

/** Options that only one set knows. */
const ofSet = { python: 'cuda', cuda: 'cuda', offline: 'cuda', pack: 'cuda', library: 'tensorflow' } as const;

export const setupCommand = defineCommand({
  usage: 'setup <libraries>',
  summary: 'Install native libraries: TensorFlow, CUDA, or ONNX Runtime where npm left it out',
  positionals: {
    libraries: { choices: setNames, demandOption: true, describe: 'What to install' },
  },
  options: {
    python: {
      type: 'string',
      describe: 'cuda: Python interpreter whose onnxruntime-gpu and nvidia-* are used',
    },
    cuda: {
      type: 'string',
      choices: ['12', '13'],
      describe: 'cuda: version (default: what the driver runs)',
    },
    offline: { type: 'string', describe: 'cuda: folder with a pack, wheels or libraries; no download' },
    pack: { type: 'string', describe: 'cuda: folder to write for machines without a network' },
    library: {
      type: 'string',
      describe: "tensorflow: folder, Python package or wheel with TensorFlow's library",
    },
  },
  examples: [
    ['setup tensorflow', "TensorFlow's library, for --engine tensorflow (about 700 MB on disk)"],
    [
      'setup tensorflow --library tensorflow_cpu.whl',
      'The same with a library that is there: docs/engines.md',
    ],
    ['setup cuda', 'For --provider cuda: finds or downloads the library, checks driver, CUDA and cuDNN'],
    ['setup cuda --pack cuda-pack', 'Also writes a folder for compute nodes without a network'],
    ['setup cuda --offline cuda-pack', 'Installs from that folder'],
    ['setup onnx', "ONNX Runtime, where npm's install scripts had no network"],
  ],
  async run({ libraries: set, ...args }, io) {
    for (const [option, only] of Object.entries(ofSet) as [keyof typeof ofSet, SetName][])
      if (args[option] !== undefined && set !== only)
        throw new UserError(`--${option} does not apply to setup ${set}`, { hint: 'Remove it' });
    if (set === 'cuda') return setUpAllOfCuda(args, io);
    const { installPiece } = await import('./setup/install.js');
    const { piecesOf } = await import('./setup/sets.js');
    const { tryEngine } = await import('./doctor/diagnose.js');
    const installed = [];
    for (const piece of piecesOf(set)) {
      io.say(`setup: ${piece.library}`);
      installed.push(await installPiece({ ...piece, from: args.library }, io));
    }
    const check = await tryEngine({ engine: set, provider: 'cpu' });
    const lines = installed.map(
      ({ library, version, folder, before }) =>
        `${library} ${version}: ${before ? 'was installed already' : 'installed'} (${folder})`,
    );
    lines.push(lineOf(check));
    io.print(io.json ? JSON.stringify({ set, installed, check }, null, 2) : lines.join('\n'));
    return check.works ? 0 : 1;
  },
});

interface CudaArguments {
  readonly python: string | undefined;
  readonly cuda: string | undefined;
  readonly offline: string | undefined;
  readonly pack: string | undefined;
}

/** @returns 1 where the library, CUDA or cuDNN is missing; a login node without a GPU may do without the driver */
async function setUpAllOfCuda(args: CudaArguments, io: CommandIo): Promise<number> {
  const { setUpCuda } = await import('./setup/cuda.js');
  const { cudaReport } = await import('./setup/cuda-report.js');
  const { installPiece } = await import('./setup/install.js');
  const { librariesOf, noteLibraries } = await import('../engine/cuda-libraries.js');
  const done = await setUpCuda(
    { ...args, cuda: args.cuda === undefined ? undefined : args.cuda === '12' ? 12 : 13 },
    {
      say: (text) => io.say(text),
      runScript: async () =>
        void (await installPiece({ library: 'onnxruntime-node', does: 'run its script' }, io)),
    },
  );
  const lines = cudaReport(done, args.pack);
  const needed = done.problems.filter(({ part }) => part !== 'driver');
  if (needed.length === 0) {
    const note = await noteLibraries(librariesOf({ ...done, problems: [] }));
    lines.push(`noted in ${note}`);
  }
  const { tryEngine } = await import('./doctor/diagnose.js');
  const check =
    done.problems.length === 0 ? await tryEngine({ engine: 'onnx', provider: 'cuda' }) : undefined;
  if (check !== undefined) lines.push(lineOf(check));
  io.print(io.json ? JSON.stringify({ set: 'cuda', ...done, check }, null, 2) : lines.join('\n'));
  return needed.length === 0 && check?.works !== false ? 0 : 1;
}

const lineOf = ({ name, works, detail }: { name: string; works: boolean; detail: string }): string =>
  `${name}: ${works ? 'works' : 'does not work'}, ${detail}`;
