/** @file One utterance as an SVG: waveform, predicted loss, actual loss, and what is masked. */
import { sampleRateHz } from '../../audio/index.js';
import { runsOf, tickOf } from '../../base/timeline.js';
import { frameSeconds } from '../frame-grid.js';
import type { UtteranceFindings } from './utterance.js';

const [width, left, right, top] = [1000, 90, 20, 40];
const [lane, gap] = [100, 24];
const inner = width - left - right;
const colours = { wave: '#30506b', predicted: '#b3541e', actual: '#1b7f5c', mask: '#f0d9a8', text: '#222' };

type Drawn = Pick<UtteranceFindings, 'id' | 'samples' | 'grid' | 'predicted' | 'actual' | 'masks'>;

/** The picture as a whole SVG document. Times are seconds from the utterance's start; losses have scales of their own. */
export function drawUtterance(findings: Drawn): string {
  const { id, samples, grid, predicted, actual, masks } = findings;
  const seconds = samples.length / sampleRateHz;
  const x = (at: number): number => left + (inner * at) / seconds;
  const laneTop = (index: number): number => top + index * (lane + gap);
  const bottom = laneTop(2) + lane;
  const times = Array.from(predicted, (_, t) => frameSeconds(grid, t));
  const line = (values: Float32Array, index: number, name: string, colour: string): string[] => {
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    const y = (value: number): number =>
      laneTop(index) + lane * (1 - (value - low) / Math.max(high - low, 1e-9));
    const places = Array.from(values, (value, t) => `${fixed(x(times[t] as number))},${fixed(y(value))}`);
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${places.join(' ')}"/>`,
      label(left - 8, laneTop(index) + lane / 2, name, colour),
      label(left - 8, laneTop(index) + 10, high.toFixed(2), colours.text),
      label(left - 8, laneTop(index) + lane, low.toFixed(2), colours.text),
    ];
  };
  const marks = Array.from(
    { length: Math.floor(seconds / tickOf(seconds)) + 1 },
    (_, i) => i * tickOf(seconds),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 40}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${bottom + 40}" fill="#fff"/>`,
    `<text x="${left}" y="24" fill="${colours.text}" font-size="14">${escaped(id)}: shaded frames are masked at the end of the schedule</text>`,
    ...runsOf(masks.hard).map(([from, to]) => {
      const [start, end] = [from, to].map((t) => (t * grid.hopSamples) / sampleRateHz) as [number, number];
      const shade = `x="${fixed(x(start))}" y="${top}" width="${fixed(x(Math.min(end, seconds)) - x(start))}"`;
      return `<rect class="mask" ${shade} height="${bottom - top}" fill="${colours.mask}"/>`;
    }),
    wave(samples, laneTop(0)),
    label(left - 8, laneTop(0) + lane / 2, 'waveform', colours.wave),
    ...line(predicted, 1, 'predicted', colours.predicted),
    ...line(actual, 2, 'actual', colours.actual),
    ...marks.map(
      (at) =>
        `<text x="${fixed(x(at))}" y="${bottom + 20}" text-anchor="middle" fill="${colours.text}">${Number(at.toFixed(2))} s</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

const label = (x: number, y: number, text: string, colour: string): string =>
  `<text x="${x}" y="${y}" text-anchor="end" fill="${colour}">${text}</text>`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Lowest and highest sample of every column of pixels. */
function wave(samples: Float32Array, y: number): string {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9);
  const middle = y + lane / 2;
  const strokes = Array.from({ length: inner }, (_, column) => {
    const from = Math.floor((column * samples.length) / inner);
    const part = samples.subarray(
      from,
      Math.max(from + 1, Math.floor(((column + 1) * samples.length) / inner)),
    );
    const [low, high] = [part.reduce((a, b) => Math.min(a, b)), part.reduce((a, b) => Math.max(a, b))];
    const at = (value: number): string => fixed(middle - (value / loudest) * (lane / 2));
    return `M${left + column} ${at(low)}V${at(high)}`;
  });
  return `<path stroke="${colours.wave}" fill="none" d="${strokes.join('')}"/>`;
}
