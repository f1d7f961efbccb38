/** @file Masks of pre-trained encoders, drawn over the spectrogram of an utterance. */
import { tickOf } from '../../base/timeline.js';
import type { Drawing } from '../../formats/drawings.js';
import { type Html, html } from './html.js';

const [width, left, right] = [960, 92, 22];
const inner = width - left - right;
const heights = { spectrogram: 160, mask: 14, loss: 70, gap: 14 };

type Runs = Drawing['masks']['hard'];

/** The picture: what is masked hard and at random, over the spectrogram and both frame losses. */
export function maskPicture(encoder: string, drawing: Drawing): Html {
  const { id, seconds, predicted, actual, masks, spectrogram } = drawing;
  const x = (at: number): number => left + (inner * at) / seconds;
  const frameX = (frame: number): number => x(Math.min(frame * drawing.hopSeconds, seconds));
  const frameMiddle = (frame: number): number => x(frame * drawing.hopSeconds + drawing.fieldSeconds / 2);
  const top = { hard: 0, random: heights.mask + 4, spectrogram: 2 * heights.mask + 12 };
  const lossTop = top.spectrogram + heights.spectrogram + heights.gap;
  const bottom = lossTop + heights.loss;
  const strip = (runs: Runs, name: string, y: number): Html =>
    html`<text x="${left - 8}" y="${y + 11}" class="name">${name}</text>${runs.map(
      ([from, to]) =>
        html`<rect class="mask" x="${fixed(frameX(from))}" y="${y}" width="${fixed(frameX(to) - frameX(from))}" height="${heights.mask}"/>`,
    )}`;
  const shares = [masks.hard, masks.random].map(
    (runs) => runs.reduce((sum, [from, to]) => sum + to - from, 0) / predicted.length,
  );
  const words = `${id}, ${encoder}: hard masks hide ${Math.round(100 * (shares[0] ?? 0))} % of the frames, random ones ${Math.round(100 * (shares[1] ?? 0))} %`;
  return html`<figure class="masks"><figcaption>${words}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="${words}"><svg viewBox="0 0 ${width} ${bottom + 24}" role="img" aria-label="${words}">
${strip(masks.hard, 'hard mask', top.hard)}${strip(masks.random, 'random mask', top.random)}
<image href="data:image/png;base64,${spectrogram.png}" x="${left}" y="${top.spectrogram}" width="${fixed(inner * Math.min(1, spectrogram.seconds / seconds))}" height="${heights.spectrogram}" preserveAspectRatio="none"/>
<text x="${left - 8}" y="${top.spectrogram + 12}" class="name">8 kHz</text><text x="${left - 8}" y="${top.spectrogram + heights.spectrogram}" class="name">0 (mel)</text>
${masks.hard.map(([from, to]) => html`<rect class="veil" x="${fixed(frameX(from))}" y="${top.spectrogram}" width="${fixed(frameX(to) - frameX(from))}" height="${heights.spectrogram}"/>`)}
${curve(predicted, 'predicted', lossTop, frameMiddle)}${curve(actual, 'actual', lossTop, frameMiddle)}
<text x="${left - 8}" y="${lossTop + 24}" class="name predicted">predicted loss</text><text x="${left - 8}" y="${lossTop + 44}" class="name actual">actual loss</text>
${ticks(seconds).map((at) => html`<text x="${fixed(x(at))}" y="${bottom + 18}" class="tick">${Number(at.toFixed(2))} s</text>`)}
</svg></div></figure>`;
}

/** Each curve fills the height between its own lowest and highest value. */
function curve(values: readonly number[], name: string, top: number, xOf: (frame: number) => number): Html {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, t) => {
    const y = top + heights.loss * (1 - (value - low) / Math.max(1e-9, high - low));
    return `${fixed(xOf(t))},${fixed(y)}`;
  });
  return html`<polyline class="${name}" points="${points.join(' ')}"/>`;
}

const fixed = (value: number): number => Math.round(value * 10) / 10;

function ticks(seconds: number): number[] {
  const step = tickOf(seconds);
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
}
