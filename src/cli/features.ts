/** @file `ehmam features`: the hidden states of one audio file, or of a manifest's. */
import { UserError } from '../base/errors.js';
import { folderFormats } from '../features/folder-index.js';
import { type CommandIo, defineCommand } from './command.js';
import { specDescription, weightsOption } from './encoder-options.js';
import { engineOptions, engineSettings } from './engine-options.js';
import type { FeaturesRequest } from './features/write.js';
import { listOf } from './lists.js';
import { maxBadOption, shareOf } from './max-bad.js';

export const featuresCommand = defineCommand({
  usage: 'features <spec> [audio]',
  summary: 'Write the hidden states of one audio file, or of all files of a manifest',
  positionals: {
    spec: {
      type: 'string',
      demandOption: true,
      describe: specDescription,
    },
    audio: { type: 'string', describe: 'Audio file' },
  },
  options: {
    manifest: { type: 'string', describe: 'Manifest (CSV) of utterances, instead of one file' },
    root: { type: 'string', describe: "Folder of the manifest's audio (default: the manifest's folder)" },
    split: { type: 'string', describe: 'Splits of the manifest: train,dev (default: all)' },
    out: {
      type: 'string',
      demandOption: true,
      describe: 'safetensors file to write (hidden.0, hidden.1, ...); with --manifest a folder',
    },
    layers: { type: 'string', describe: 'Hidden states to write: 0,6,12 (default: all)' },
    format: {
      choices: folderFormats,
      default: 'safetensors',
      describe: 'With --manifest: safetensors (one file per utterance) or npy (one array per layer)',
    },
    'max-bad': maxBadOption,
    seed: { type: 'number', default: 0, describe: 'Seed of random:PRESET' },
    weights: weightsOption,
    ...engineOptions,
  },
  examples: [
    ['features fbank a.wav --out a.safetensors', 'Log-mel features'],
    ['features runs/tiny a.flac --out a.safetensors', 'Every layer of a pre-trained encoder'],
    ['features runs/tiny --manifest ks.csv --out features', 'One file per utterance; run it again to resume'],
    ['features fbank --manifest ks.csv --split test --format npy --out arrays', 'For numpy.load'],
  ],
  stopsOnSignal: true,
  async run(args, io) {
    const { spec, audio, manifest, root, split, out, seed, weights, format } = args;
    const shared = {
      ...{ spec, out, seed, weights, layers: layersOf(args.layers) },
      engine: engineSettings(args),
      quiet: io.quiet,
      remark: io.say,
    };
    if ((audio === undefined) === (manifest === undefined)) {
      throw new UserError('pass either an audio file or --manifest', {
        hint: "See 'ehmam features --help'",
      });
    }
    if (audio !== undefined) {
      const given = { root, split, 'format npy': format === 'npy' || undefined };
      const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
      if (name !== undefined) throw new UserError(`--${name} needs --manifest`, { hint: 'Remove it' });
      return ofFile({ ...shared, audio }, io);
    }
    const { writeManifestFeatures } = await import('./features/of-manifest.js');
    const written = await writeManifestFeatures({
      ...shared,
      ...{ manifest: manifest ?? '', root, format },
      splits: listOf(split, 'split'),
      maxBadShare: shareOf(args['max-bad']),
      signal: io.signal,
    });
    if (!written.isWhole) return undefined;
    const { encoder, folder, utterances, made, reused, skipped, layers } = written;
    for (const { reason } of skipped) io.say(`ehmam: skipped: ${reason}`);
    io.print(
      io.json
        ? JSON.stringify(written, null, 2)
        : [
            `${encoder.name} (${encoder.family}, ${encoder.hash.slice(0, 8)}) over ${utterances} utterances: ${made} computed, ${reused} reused, ${skipped.length} skipped`,
            ...layers.map(({ name, dim }) => `  ${name} [frames, ${dim}]`),
            `written to ${folder}`,
          ].join('\n'),
    );
    return undefined;
  },
});

async function ofFile(request: FeaturesRequest, io: CommandIo): Promise<undefined> {
  const { writeFeatures } = await import('./features/write.js');
  const written = await writeFeatures(request);
  const { encoder, seconds, layers, file } = written;
  io.print(
    io.json
      ? JSON.stringify(written, null, 2)
      : [
          `${encoder.name} (${encoder.family}, ${encoder.hash.slice(0, 8)}) over ${seconds.toFixed(2)} s of audio`,
          ...layers.map(({ name, shape }) => `  ${name} [${shape.join(', ')}]`),
          `written to ${file}`,
        ].join('\n'),
  );
}

/** @throws UserError for what is no number of a layer */
function layersOf(text: string | undefined): readonly number[] | undefined {
  return listOf(text, 'layers')?.map((each) => {
    if (/^\d{1,4}$/.test(each)) return Number(each);
    throw new UserError(`--layers '${each}' is not a layer`, {
      hint: 'Expected layer numbers, such as 0,6,12',
    });
  });
}
