/** @file `ehmam export`: an encoder, alone or with a trained head, for other programs. */
import { defineCommand } from './command.js';
import { remarksOn, specDescription, weightsOption } from './encoder-options.js';

export const exportCommand = defineCommand({
  usage: 'export <spec>',
  summary: 'Export an encoder as one ONNX file, or as a folder for ehmam or transformers',
  positionals: {
    spec: { type: 'string', demandOption: true, describe: specDescription },
  },
  options: {
    format: {
      choices: ['onnx', 'safetensors', 'transformers', 'parts'],
      demandOption: true,
      describe:
        'onnx: one file, waveform in, hidden states out (and logits, for a fine-tuned encoder). safetensors: a folder that is a SPEC. transformers: a folder that the library transformers loads. parts (ONNX encoders only): a folder with the ONNX file, its description and the head as a separate file',
    },
    out: {
      type: 'string',
      demandOption: true,
      describe: 'File (onnx) or folder (all others) to write',
    },
    with: {
      type: 'string',
      describe: 'Result folder of this encoder (results/ENCODER/TASK): export its head too, to get logits',
    },
    fold: {
      type: 'string',
      describe: 'Fold of the head, for cross-validated tasks (er), with --with (default: the first)',
    },
    seed: { type: 'number', default: 0, describe: 'Seed of random:PRESET' },
    weights: weightsOption,
    threads: { type: 'number', describe: 'Number of threads of the final check (default: all cores)' },
  },
  examples: [
    ['export runs/tiny --format onnx --out tiny.onnx', 'All hidden states of a waveform'],
    [
      'export runs/tiny --with results/mine/tiny/ks --format onnx --out ks.onnx',
      'Logits of keyword spotting',
    ],
    [
      'export model.onnx --with results/mine/model/ks --format onnx --out ks.onnx',
      'Your own ONNX file, with a head',
    ],
    [
      'export runs/tiny --with results/mine/tiny/er --fold Session2 --format onnx --out er.onnx',
      'The head of one fold',
    ],
    ['export eh-mam.pt --format safetensors --out eh-mam', 'A folder that replaces the .pt file'],
    [
      'export runs/finetuned --format transformers --out finetuned-hf',
      'A Wav2Vec2ForCTC, HubertForCTC, ... with its tokenizer',
    ],
  ],
  async run(args, io) {
    const { loadEncoder } = await import('../encoders/load.js');
    const { readableRecognition } = await import('../encoders/recogniser.js');
    const { engineSettings } = await import('./engine-options.js');
    const { threads } = engineSettings({ engine: 'onnx', threads: args.threads });
    const encoder = await loadEncoder(args.spec, args.seed, { weights: args.weights, quiet: io.quiet });
    for (const remark of remarksOn(encoder)) io.say(remark);
    const recognition = await readableRecognition(encoder, (line) => io.say(line));
    if (args.format === 'safetensors' || args.format === 'transformers') {
      const { exportFolder } = await import('./export/folder.js');
      const written = await exportFolder(encoder, args.out, args.with, { format: args.format, recognition });
      io.print(io.json ? JSON.stringify(written, null, 2) : `written to ${written.folder}`);
      return undefined;
    }
    if (args.format === 'parts') {
      const { exportParts } = await import('./export/parts.js');
      const written = await exportParts(encoder, args.out, args.with, args.fold);
      io.print(
        io.json
          ? JSON.stringify(written, null, 2)
          : `written to ${written.folder}: ${written.files.join(', ')}`,
      );
      return undefined;
    }
    const { exportOnnx, exportText } = await import('./export/onnx-file.js');
    const written = await exportOnnx(encoder, args.out, {
      head: args.with,
      fold: args.fold,
      recognition,
      ...(threads !== undefined && { threads }),
    });
    io.print(io.json ? JSON.stringify(written, null, 2) : exportText(written));
    return undefined;
  },
});
