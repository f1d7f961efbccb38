/** @file `npm run recorded`: the suite on recorded human speech, from packages to the table. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { z } from 'zod';
import { messageOf, UserError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/files.js';
import { compareRecords, formatComparison, recordFolder } from '../../src/results/index.js';
import type { SuiteTask } from '../../src/suite/definition.js';
import { compareMaskings } from '../../src/suite/maskings.js';
import { findPackages } from './packages.js';
import { countsOf, prepare } from './prepare.js';

const definitionSchema = z.strictObject({
  pretrainSteps: z.int().positive(),
  tasks: z.array(
    z.strictObject({ name: z.string(), settings: z.record(z.string(), z.unknown()).optional() }),
  ),
});

const options = await yargs(hideBin(process.argv))
  .scriptName('npm run recorded --')
  .usage(
    '$0 [--packages DIR]: prepares recorded human speech, pre-trains tiny twice, evaluates four encoders',
  )
  .options({
    packages: {
      type: 'string',
      describe:
        'folder of the Debian packages, unpacked or not (default: installed, else by apt-get download)',
    },
    work: { type: 'string', default: 'recorded', describe: 'gets packages, audio, manifests, encoders' },
    out: { type: 'string', default: 'results/recorded', describe: 'gets the records and table.md' },
    steps: { type: 'number', describe: 'updates of each pre-training, in place of those of suite.json' },
    'prepare-only': { type: 'boolean', default: false, describe: 'make the manifests and stop' },
    ffmpeg: { type: 'string', default: 'ffmpeg', describe: 'the ffmpeg to run' },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
  })
  .example('$0', 'with packages from apt; a second time reuses what is done')
  .example('$0 --packages debs --prepare-only', 'manifests alone, from .deb files in debs/')
  .strict()
  .parse();

try {
  await main();
} catch (error) {
  console.error(`recorded: ${messageOf(error)}`);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

async function main(): Promise<void> {
  const { work, out, steps, ffmpeg, quiet } = options;
  if (steps !== undefined && !(Number.isInteger(steps) && steps > 0)) {
    throw new UserError(`--steps ${steps} is not possible`, { mend: 'Give a whole number from 1' });
  }
  // From the compiled file to the source's folder.
  const definitionFile = fileURLToPath(new URL('../../../manifests/recorded/suite.json', import.meta.url));
  const definition = definitionSchema.parse(JSON.parse(await readFile(definitionFile, 'utf8')));
  const manifests = await prepare(await findPackages(options.packages, work), work, ffmpeg);
  const tasks = definition.tasks.map(
    (task): SuiteTask => ({ ...task, manifest: join(work, 'manifests', `${task.name}.csv`) }),
  );
  const suite = {
    name: 'recorded',
    tasks: definition.tasks.map((task) => ({ ...task, manifest: `manifests/${task.name}.csv` })),
  };
  // For `ehmam run --suite`, with encoders of one's own.
  await writeFileAtomic(join(work, 'suite.json'), `${JSON.stringify(suite, null, 2)}\n`);
  if (!quiet || options['prepare-only']) console.log(countsOf(manifests));
  if (options['prepare-only']) return;
  await mkdir(out, { recursive: true });
  const records = await compareMaskings({
    pretrain: join(work, 'manifests', 'pretrain.csv'),
    tasks,
    steps: steps ?? definition.pretrainSteps,
    encodersFolder: join(work, 'encoders'),
    outFolder: out,
    quiet,
    signal: interruption(),
  });
  if (records === undefined) {
    process.exitCode = 130;
    return;
  }
  const comparison = compareRecords(
    records.map((record) => ({ path: recordFolder(out, record.encoder.name, record.task.name), record })),
  );
  await writeFileAtomic(join(out, 'table.md'), `${formatComparison(comparison, 'markdown')}\n`);
  console.log(formatComparison(comparison, 'table'));
}

/** The first Ctrl-C stops where a second call can go on, the next one at once. */
function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
      console.error('recorded: stopping; the same command goes on from what is done');
    });
  }
  return interrupt.signal;
}
