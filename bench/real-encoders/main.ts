/** @file `npm run real-encoders`: trained models that packages carry as ONNX files, on the mini suite and on recorded speech. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { messageOf, UserError } from '../../src/base/errors.js';
import { writeFileAtomic } from '../../src/base/files.js';
import { runFromSuite } from '../../src/cli/run/from-suite.js';
import { seedsOf } from '../../src/cli/run/seeds.js';
import { formatComparison } from '../../src/results/index.js';
import { fetchEncoders } from './fetch.js';

/** No recognition: at 12.5 frames a second there are fewer frames than letters. */
const suites = {
  mini: ['ks', 'ic', 'sid'],
  recorded: ['ks', 'sid'],
} as const;
type SuiteName = keyof typeof suites;
const names = Object.keys(suites) as SuiteName[];

const options = await yargs(hideBin(process.argv))
  .scriptName('npm run real-encoders --')
  .usage(
    '$0: fetches openWakeWord, Silero VAD and Resemblyzer from the registries of npm and pip, and evaluates them beside fbank and random:tiny',
  )
  .options({
    suite: { choices: names, array: true, default: names, describe: 'suites to run' },
    work: { type: 'string', default: 'real', describe: 'gets packages and encoders' },
    recorded: {
      type: 'string',
      default: 'recorded',
      describe: 'where `npm run recorded -- --prepare-only` put manifests',
    },
    out: { type: 'string', default: 'results/real', describe: 'gets records and tables' },
    seeds: { type: 'string', default: '1', describe: 'seeds of heads, or how many' },
    python: {
      type: 'string',
      default: process.env.EHMAM_PYTHON ?? 'python3',
      describe: 'a Python with pip, torch, onnx and numpy',
    },
    'fetch-only': { type: 'boolean', default: false, describe: 'get the encoders and stop' },
    jobs: { type: 'number', describe: 'worker processes' },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
  })
  .example('$0', 'both suites; a second time reuses what is done')
  .example('$0 --suite mini --seeds 3', 'the mini suite alone, three seeds')
  .strict()
  .parse();

try {
  await main();
} catch (error) {
  console.error(`real-encoders: ${messageOf(error)}`);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}

async function main(): Promise<void> {
  const { work, python, quiet } = options;
  const fetched = await fetchEncoders(work, python);
  if (!quiet || options['fetch-only']) console.error(`encoders: ${fetched.join(', ')}`);
  if (options['fetch-only']) return;
  const signal = interruption();
  for (const name of options.suite) {
    const { comparison, interrupted, summary } = await runFromSuite({
      suite: name === 'mini' ? 'mini' : recordedSuite(),
      tasks: suites[name],
      encoders: [...fetched, 'fbank', 'random:tiny'],
      seeds: seedsOf(options.seeds),
      out: join(options.out, name),
      engine: { name: 'onnx', provider: 'cpu' },
      jobs: options.jobs,
      quiet,
      remark: (text) => console.error(`real-encoders: ${text}`),
      signal,
    });
    if (interrupted) {
      process.exitCode = 130;
      return;
    }
    if (comparison !== undefined) {
      await writeFileAtomic(join(options.out, `${name}.md`), `${formatComparison(comparison, 'markdown')}\n`);
      console.log(`${name}\n${formatComparison(comparison, 'table')}`);
    }
    if (summary === undefined) continue;
    console.error(summary);
    process.exitCode = 1;
  }
}

function recordedSuite(): string {
  const suite = join(options.recorded, 'suite.json');
  if (existsSync(suite)) return suite;
  throw new UserError('the recorded speech is not prepared', {
    file: suite,
    hint: 'Run `npm run recorded -- --prepare-only`, or take --suite mini',
  });
}

/** The first Ctrl-C stops where a second call can go on, the next one at once. */
function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
      console.error('real-encoders: stopping; the same command goes on from what is done');
    });
  }
  return interrupt.signal;
}
