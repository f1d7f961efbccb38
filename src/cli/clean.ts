/** @file `ehmam clean`: removes what no suite needs any more. */
import { byteText } from '../base/byte-size.js';
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';

export const cleanCommand = defineCommand({
  usage: 'clean <folders..>',
  summary: 'Remove stored features and state files that no suite needs any more',
  positionals: {
    folders: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: "Results folders (--out of 'ehmam run') of all suites that you still need",
    },
  },
  options: {
    unused: { type: 'boolean', describe: 'Files that none of these suites needs' },
    yes: { type: 'boolean', describe: 'Remove the files; without it they are only listed' },
  },
  examples: [
    ['clean results/mine results/other --unused', 'List files that neither needs, with sizes'],
    ['clean results/mine --unused --yes', 'Remove them (while no run is active)'],
  ],
  async run({ folders, unused: wanted, yes }, io) {
    if (!wanted)
      throw new UserError('missing required option --unused', {
        hint: 'Pass --unused to list files that the suites of these folders do not need',
      });
    const { findUnused, removeUnused } = await import('../suite/clean.js');
    const { userCacheFolder } = await import('../base/files.js');
    const unused = await findUnused(folders, [userCacheFolder()]);
    if (yes) await removeUnused(unused);
    const total = unused.reduce((sum, { bytes }) => sum + bytes, 0);
    if (io.json) io.print(JSON.stringify({ removed: yes === true, bytes: total, unused }, null, 2));
    else {
      for (const { path, bytes, what } of unused)
        io.print(`${byteText(bytes).padStart(9)}  ${what}  ${path}`);
      io.print(`${byteText(total)} in ${unused.length} files and folders ${yes ? 'removed' : 'unused'}`);
      if (!yes && unused.length > 0) io.say('Nothing was removed; pass --yes to remove it');
    }
    return undefined;
  },
});
