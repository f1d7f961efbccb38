/** @file `ehmam clean`: removes what no suite needs any more. */
import { byteText } from '../base/byte-size.js';
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';

export const cleanCommand = defineCommand({
  usage: 'clean <folders..>',
  summary: 'Remove features and state that no suite needs any more',
  positionals: {
    folders: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: "Every results folder whose suite is still needed: the --out of 'ehmam run'",
    },
  },
  options: {
    unused: { type: 'boolean', describe: 'What none of these suites needs' },
    yes: { type: 'boolean', describe: 'Remove it; otherwise it is only listed' },
  },
  examples: [
    ['clean results/mine results/other --unused', 'Lists what both do not need, with sizes'],
    ['clean results/mine --unused --yes', 'Removes it. No run may be under way'],
  ],
  async run({ folders, unused: wanted, yes }, io) {
    if (!wanted)
      throw new UserError('clean needs to know what to remove', {
        hint: 'Give --unused: what the suites of these folders do not need',
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
      io.print(`${byteText(total)} in ${unused.length} places ${yes ? 'removed' : 'unused'}`);
      if (!yes && unused.length > 0) io.say('Nothing is removed yet: --yes removes it');
    }
    return undefined;
  },
});
