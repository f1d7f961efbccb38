/** @file `ehmam predictions`: results as files of other programs. */
import { UserError } from '../base/errors.js';
import { defineCommand } from './command.js';
import { resultsPositional } from './results-options.js';

export const predictionsCommand = defineCommand({
  usage: 'predictions <results..>',
  summary: "Write predictions as SUPERB's leaderboard takes them (files of s3prl)",
  positionals: { results: resultsPositional },
  options: {
    format: { choices: ['s3prl'], default: 's3prl', describe: 'Whose files they are' },
    out: {
      type: 'string',
      demandOption: true,
      describe: "Folder: 'predict' is to hand in, 'truth' beside it",
    },
    encoder: { type: 'string', describe: 'Whose results, where there are several encoders' },
    seed: { type: 'number', describe: 'Seed of the results, if there are several' },
  },
  examples: [
    ['predictions results/superb --out submission', 'Then: cd submission && zip -r predict.zip predict'],
    ['predictions results/all --encoder runs/mine --seed 1337 --out submission', 'One of several'],
  ],
  async run({ results, out, encoder, seed }, io) {
    if (seed !== undefined && !Number.isInteger(seed))
      throw new UserError(`--seed ${seed}: expected a whole number`);
    const { writeSubmission } = await import('./predictions/write.js');
    const written = await writeSubmission({ results, out, encoder, seed });
    for (const remark of written.remarks) io.say(remark);
    io.print(
      io.json
        ? JSON.stringify({ out, ...written }, null, 2)
        : [
            ...written.files.map((file) => `${out}/${file}`),
            `to hand in: cd ${out} && zip -r predict.zip predict`,
          ].join('\n'),
    );
    return undefined;
  },
});
