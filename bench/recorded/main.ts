/** @file `npm run recorded`: the suite on recorded human speech, from packages to the table. */
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { messageOf, UserError } from '../../src/base/errors.js';
import { writeFileAtomic } from '../../src/base/files.js';
import { formatComparison } from '../../src/results/index.js';
import { copySuite, runSuite } from '../suite-of-corpus.js';
import { findPackages } from './packages.js';
import { countsOf, prepare } from './prepare.js';

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
    work: { type: 'string', default: 'recorded', describe: 'gets packages, audio, manifests' },
    out: { type: 'string', default: 'results/recorded', describe: 'gets records, encoders and table.md' },
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
  const { work, out, ffmpeg, quiet } = options;
  const manifests = await prepare(await findPackages(options.packages, work), work, ffmpeg);
  const suite = await copySuite('recorded/suite.json', work, 'suite.json');
  if (!quiet || options['prepare-only']) console.log(countsOf(manifests));
  if (options['prepare-only']) return;
  const { comparison, summary } = await runSuite('recorded', { suite, out, quiet });
  if (comparison === undefined) return;
  await writeFileAtomic(join(out, 'table.md'), `${formatComparison(comparison, 'markdown')}\n`);
  console.log(formatComparison(comparison, 'table'));
  if (summary === undefined) return;
  console.error(summary);
  process.exitCode = 1;
}
