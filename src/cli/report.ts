/** @file `ehmam report`: result records as one page. */
import { defineCommand } from './command.js';
import { listOf } from './lists.js';
import { baselineOption, metricsOption, resultsPositional } from './results-options.js';

export const reportCommand = defineCommand({
  usage: 'report <results..>',
  summary: 'Write results as one HTML page that works offline',
  positionals: { results: resultsPositional },
  options: {
    out: { type: 'string', demandOption: true, describe: 'The HTML file to write' },
    title: { type: 'string', default: 'Results', describe: 'Title of the page' },
    baseline: baselineOption,
    metrics: metricsOption,
    audio: {
      type: 'string',
      describe: 'Folders or manifests of the audio, to embed the sound of the hardest utterances',
    },
    'audio-size': { type: 'number', default: 8, describe: 'Size limit of the embedded sound, in megabytes' },
    root: { type: 'string', describe: "Folder of a manifest's audio (default: the manifest's folder)" },
    encoders: {
      type: 'string',
      describe:
        "Folders written by 'ehmam pretrain', to show training curves and masks (default: those of the results)",
    },
    hardest: { type: 'number', default: 12, describe: 'Number of hardest utterances per task' },
  },
  examples: [
    ['report results/demo --out demo.html', 'The page of the demo'],
    ['report results/demo --out demo.html --baseline fbank', 'With differences from FBANK'],
    [
      'report runs/a --out a.html --audio mini/asr.csv,mini/ks.csv',
      'With the sound of the hardest utterances',
    ],
  ],
  async run(args, io) {
    const { writeReport } = await import('./report/write.js');
    const written = await writeReport({
      results: args.results,
      out: args.out,
      title: args.title,
      baseline: args.baseline,
      metrics: args.metrics,
      audio: listOf(args.audio, 'audio') ?? [],
      audioMegabytes: args['audio-size'],
      root: args.root,
      encoders: listOf(args.encoders, 'encoders') ?? [],
      hardest: args.hardest,
      say: io.say,
    });
    const { out, bytes, records, sound } = written;
    const heard = sound.utterances === 0 ? '' : `, ${(sound.bytes / 1e6).toFixed(1)} MB of sound`;
    const text = `${out}: ${records} records, ${(bytes / 1e6).toFixed(1)} MB${heard}`;
    io.print(io.json ? JSON.stringify(written, null, 2) : text);
    return undefined;
  },
});
