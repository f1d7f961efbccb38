/** @file `ehmam report`: result records as one page. */
import { defineCommand } from './command.js';
import { listOf } from './lists.js';
import { baselineOption, metricsOption, resultsPositional } from './results-options.js';

export const reportCommand = defineCommand({
  usage: 'report <results..>',
  summary: 'Show result records as one page: a file that opens from disk',
  positionals: { results: resultsPositional },
  options: {
    out: { type: 'string', demandOption: true, describe: 'The HTML file to write' },
    title: { type: 'string', default: 'Results', describe: 'Heading of the page' },
    baseline: baselineOption,
    metrics: metricsOption,
    audio: {
      type: 'string',
      describe: 'Folders or manifests: embed the sound of the hardest utterances',
    },
    'audio-size': { type: 'number', default: 8, describe: 'Megabytes that sound may take' },
    root: { type: 'string', describe: "Folder that a manifest's paths are relative to (default: its own)" },
    encoders: {
      type: 'string',
      describe:
        "Folders of 'ehmam pretrain' whose learning and masks are shown (default: those of the records)",
    },
    hardest: { type: 'number', default: 12, describe: 'How many of the hardest utterances of a task' },
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
    const heard = sound.utterances === 0 ? '' : `, ${(sound.bytes / 1e6).toFixed(1)} MB of it sound`;
    const text = `${out}: ${records} records, ${(bytes / 1e6).toFixed(1)} MB${heard}`;
    io.print(io.json ? JSON.stringify(written, null, 2) : text);
    return undefined;
  },
});
