/** @file `ehmam fetch`: brings the archives of a corpus that its publisher gives away. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { listOf } from './lists.js';

export const fetchCommand = defineCommand({
  usage: 'fetch <corpus>',
  summary: 'Download the archives of a free corpus, after printing their size',
  positionals: {
    corpus: { type: 'string', demandOption: true, describe: 'librispeech or speech-commands-v1' },
  },
  options: {
    out: { type: 'string', demandOption: true, describe: 'Folder for the archives' },
    subset: {
      type: 'string',
      alias: 'subsets',
      describe: 'librispeech: train-clean-100,dev-clean,test-clean (default)',
    },
    mirror: { type: 'string', describe: 'URL of another folder with the same archives' },
    yes: { type: 'boolean', default: false, describe: 'Start the download; without it the plan is printed' },
  },
  examples: [
    ['fetch librispeech --out /data', 'Print what would be downloaded, and its size'],
    ['fetch librispeech --subset dev-clean --out /data --yes', 'Resume an interrupted download'],
  ],
  async run({ corpus: name, out, subset, mirror, yes }, io) {
    const { publishedCorpora } = await import('../data/archives/published.js');
    const { fetchArchives, gigabytes, planFetch } = await import('../data/archives/fetch.js');
    const { hintOfName } = await import('../base/names.js');
    const { ownVersion } = await import('../base/package.js');
    const corpus = publishedCorpora.find((each) => each.corpus === name);
    if (corpus === undefined) {
      const names = publishedCorpora.map((each) => each.corpus);
      throw new UserError(`unknown corpus '${name}'`, { hint: hintOfName(name, names) });
    }
    if (mirror !== undefined && !/^https?:\/\/./.test(mirror))
      throw new UserError(`--mirror '${mirror}' is not a URL`, {
        hint: 'Expected a URL such as https://us.openslr.org/resources/12',
      });
    const planned = await planFetch(corpus, { out, subsets: listOf(subset, 'subset'), mirror });
    const rest = planned.reduce((sum, { bytes, there }) => sum + bytes - Math.min(there, bytes), 0);
    if (!io.json) {
      for (const { url, bytes, there, file } of planned) {
        const state =
          there === 0
            ? ''
            : there === bytes
              ? ', already downloaded'
              : `, ${gigabytes(there)} already downloaded`;
        io.print(`${url} (${gigabytes(bytes)}${state}) to ${file}`);
      }
      io.print(`${corpus.corpus}, licence ${corpus.licence}: ${gigabytes(rest)} to download`);
    }
    if (!yes) {
      if (io.json)
        io.print(JSON.stringify({ corpus: name, fetched: false, bytes: rest, archives: planned }, null, 2));
      throw new UserError('nothing was downloaded', { hint: 'Pass --yes to download it' });
    }
    await fetchArchives(planned, {
      quiet: io.quiet,
      userAgent: `ehmam/${ownVersion()}`,
      onRetry: (why) => io.say(`ehmam: ${why}`),
    });
    if (io.json)
      io.print(JSON.stringify({ corpus: name, fetched: true, bytes: rest, archives: planned }, null, 2));
    else {
      const from = planned.map(({ file }) => `--from ${file}`).join(' ');
      io.print(`Next: ehmam prepare ${name} ${from} --root ${out} --out manifests`);
    }
    return 0;
  },
});
