/** @file An utterance of four frames, as an analysis keeps it for drawing. */
import { encode } from 'fast-png';
import type { Drawing } from './drawings.js';

const png = encode({ width: 2, height: 1, data: new Uint8Array([0, 255]), channels: 1, depth: 8 });

export const drawing = (id: string, change: Partial<Drawing> = {}): Drawing => ({
  id,
  seconds: 0.085,
  hopSeconds: 0.02,
  fieldSeconds: 0.025,
  predicted: [1, 2, 4, 3],
  actual: [1, 0.5, 0.25, 0.75],
  masks: { hard: [[2, 4]], random: [[0, 1]] },
  spectrogram: { png: Buffer.from(png).toString('base64'), seconds: 0.07 },
  ...change,
});
