/** @file Checks result records, their predictions and tensors, and tells all that is wrong at once. */
import { messageOf, UserError } from '../../base/errors.js';
import { readLayers, readLayersLines } from '../../results/layers-file.js';
import { readPredictions } from '../../results/predictions.js';
import { findRecordFiles, readRecord } from '../../results/store.js';
import { openTensors } from '../../results/tensors.js';

export interface ResultsCheck {
  readonly records: number;
  readonly predictions: number;
  /** One line a fault, which names file and place. */
  readonly faults: readonly string[];
}

/**
 * Reads every record under the paths, all of its predictions, its tensors' names and hash, and the hidden states beside it.
 * @throws UserError where a path is not there or holds no record
 */
export async function checkResults(paths: readonly string[]): Promise<ResultsCheck> {
  const faults: string[] = [];
  const files = await findRecordFiles(paths);
  let predictions = 0;
  for (const path of files) {
    try {
      const record = await readRecord(path);
      const ids = new Set<string>();
      for await (const { id } of readPredictions({ path, record })) {
        if (ids.has(id)) throw new UserError(`duplicate id '${id}' in its predictions`, { file: path });
        ids.add(id);
      }
      predictions += ids.size;
      const tensors = await openTensors({ path, record });
      await tensors?.close();
      const stray = [...(tensors?.ids ?? [])].find((id) => !ids.has(id));
      if (stray !== undefined) faults.push(`${path}: '${stray}' has tensors but no prediction`);
      for (const [name, { utterances }] of Object.entries(record.metrics)) {
        if (utterances === ids.size) continue;
        faults.push(
          `${path}: metrics.${name} covers ${utterances} utterances, but there are ${ids.size} predictions`,
        );
      }
      const layers = await readLayers({ path, record });
      const lines = layers && (await readLayersLines({ path }, layers));
      if (lines?.some(({ id }) => !ids.has(id)))
        faults.push(`${path}: its results by layer are of different utterances`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(messageOf(error));
    }
  }
  return { records: files.length, predictions, faults };
}
