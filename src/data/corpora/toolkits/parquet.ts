/** @file Parquet files as Hugging Face's `datasets` writes them: audio as bytes in a column, with its texts beside it. */
import { durationMeter } from '../durations.js';
import { corpusOf, namedAlike } from './corpus-of.js';
import { inputFiles, unpackFolders, withSource } from './input-files.js';
import { parquetRows } from './parquet-rows.js';
import type { ReadInput, Toolkit } from './toolkit.js';

export const parquet: Toolkit = {
  name: 'parquet',
  summary: "Parquet files of Hugging Face's datasets, with audio in them",
  inputs: 'FILE.parquet|DIR...',
  hasAudioInside: true,
  async read(options) {
    const remarks: string[] = [];
    const files = await inputFiles(options.inputs, /\.parquet$/, 'Parquet files');
    const folders = options.unpack === undefined ? undefined : unpackFolders(files, options.unpack);
    const inputs: ReadInput[] = [];
    const meter = options.fast ? undefined : durationMeter();
    try {
      for (const input of files) {
        const folder = folders?.get(input.path);
        const rows = await withSource(input.path, (source) =>
          parquetRows(source, options, { folder, meter }, remarks),
        );
        inputs.push({ input, rows });
      }
    } finally {
      await meter?.close();
    }
    return corpusOf('parquet', inputs, namedAlike(inputs, options, remarks), remarks);
  },
};
