/** @file `npm run finetuned`: fine-tuning a pre-trained encoder on little speech, against training from scratch. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { messageOf, UserError } from '../../src/base/errors.js';
import { writeFileAtomic } from '../../src/base/files.js';
import { buildMiniSuite } from '../../src/data/mini/build.js';
import { readFinetunings } from '../../src/results/finetunings.js';
import { lowResourceTable } from '../../src/results/paper/low-resource.js';
import { formatPaperTable } from '../../src/results/paper/table.js';
import { findPackages } from '../recorded/packages.js';
import { prepare } from '../recorded/prepare.js';
import { copySuite, runSuite } from '../suite-of-corpus.js';
import { writeDutchManifest, writeMiniManifests } from './manifests.js';

const options = await yargs(hideBin(process.argv))
  .scriptName('npm run finetuned --')
  .usage('$0 <speech>: pre-trains tiny twice, fine-tunes both and the untrained network on little speech')
  .command('$0 <speech>', false, (command) =>
    command.positional('speech', {
      choices: ['mini', 'recorded'] as const,
      demandOption: true,
      describe:
        'ten minutes of the mini corpus, or ten minutes and an hour of Dutch lines from Debian packages',
    }),
  )
  .options({
    packages: {
      type: 'string',
      describe: 'of recorded: folder of the Debian packages (default: installed, else by apt-get download)',
    },
    work: {
      type: 'string',
      describe: 'gets manifests, and audio of recorded (default: finetuned, recorded)',
    },
    out: {
      type: 'string',
      describe: 'gets recognisers, records and table.md (default: results/finetuned/SPEECH)',
    },
    ffmpeg: { type: 'string', default: 'ffmpeg', describe: 'the ffmpeg to run' },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
  })
  .example('$0 mini', 'a second time reuses what is done')
  .strict()
  .parse();

/** What differences are shown from: the same network without pre-training. */
const baseline = 'random:tiny';

try {
  await main();
} catch (error) {
  console.error(`finetuned: ${messageOf(error)}`);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

async function main(): Promise<void> {
  const { quiet } = options;
  const speech = options.speech as 'mini' | 'recorded';
  const work = options.work ?? (speech === 'mini' ? 'finetuned' : 'recorded');
  const out = options.out ?? join('results/finetuned', speech);
  await mkdir(work, { recursive: true });
  if (speech === 'mini') await writeMiniManifests(await buildMiniSuite({ quiet }), work);
  else {
    const manifests = await prepare(await findPackages(options.packages, work), work, options.ffmpeg);
    await writeDutchManifest(manifests['asr-dutch'] ?? [], join(work, 'manifests'));
  }
  const suite = await copySuite(`finetuned/${speech}.json`, work, `finetuned-${speech}.json`);
  const { interrupted, summary } = await runSuite('finetuned', { suite, out, quiet });
  if (interrupted || summary !== undefined) {
    if (summary !== undefined) console.error(summary);
    process.exitCode ??= 1;
    return;
  }
  const table = await lowResourceTable(await readFinetunings([out]), baseline);
  await writeFileAtomic(join(out, 'table.md'), `${formatPaperTable(table, 'markdown')}\n`);
  console.log(formatPaperTable(table, 'table'));
}
