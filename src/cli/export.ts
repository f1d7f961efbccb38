/** @file `ehmam export`: an encoder, alone or with a trained head, for other programs. */
import { defineCommand } from './command.js';
import { remarksOn, specDescription, weightsOption } from './encoder-options.js';

export const exportCommand = defineCommand({
  usage: 'export <spec>',
  summary: 'Write an encoder as one ONNX file, or as a folder of ours or of transformers',
  positionals: {
    spec: { type: 'string', demandOption: true, describe: specDescription },
  },
  options: {
    format: {
      choices: ['onnx', 'safetensors', 'transformers', 'parts'],
      demandOption: true,
      describe:
        'onnx: one file, waveform in, hidden states out (and logits, of a fine-tuned encoder). safetensors: a folder that is a SPEC. transformers: a folder that transformers loads, too. parts: of an ONNX file, a folder with it, what describes it, and the head by itself',
    },
    out: {
      type: 'string',
      demandOption: true,
      describe: 'File (onnx) or folder (all others) to write',
    },
    with: {
      type: 'string',
      describe: 'A result of this encoder (results/ENCODER/TASK): its head goes along, logits come out',
    },
    fold: {
      type: 'string',
      describe: "With --with, of a task in folds (er): whose head goes along (default: the first one's)",
    },
    seed: { type: 'number', default: 0, describe: 'Seed of random:PRESET' },
    weights: weightsOption,
    threads: { type: 'number', describe: 'Threads of the check (default: all cores)' },
  },
  examples: [
    ['export runs/tiny --format onnx --out tiny.onnx', 'Every hidden state of any waveform'],
    ['export runs/tiny --with results/mine/tiny/ks --format onnx --out ks.onnx', 'Logits of the keywords'],
    [
      'export model.onnx --with results/mine/model/ks --format onnx --out ks.onnx',
      'An ONNX file of yours, with a head',
    ],
    ['export runs/tiny --with results/mine/tiny/er --fold Session2 --format onnx --out er.onnx', 'Of a fold'],
    ['export eh-mam.pt --format safetensors --out eh-mam', 'A folder that loads without the .pt'],
    [
      'export finetuned --format transformers --out finetuned-hf',
      'A Wav2Vec2ForCTC, or its kin, with its tokens',
    ],
  ],
  async run(args, io) {
    const { loadEncoder } = await import('../encoders/load.js');
    const { readableRecognition } = await import('../encoders/recogniser.js');
    const { engineSettings } = await import('./engine-options.js');
    const { threads } = engineSettings({ engine: 'onnx', provider: 'cpu', threads: args.threads });
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
