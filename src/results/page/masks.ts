/** @file Masks of pre-trained encoders, drawn over the spectrogram of an utterance. */
import { encode } from 'fast-png';
import { sampleRateHz } from '../../audio/index.js';
import { float32, floatsOf } from '../../base/host-tensor.js';
import { logMel, hopSamples as melHopSamples } from '../../encoders/families/log-mel.js';
import type { Engine } from '../../engine/engine.js';
import { runsOf, tickOf } from '../../pretrain/analyse/timeline.js';
import type { UtteranceFindings } from '../../pretrain/analyse/utterance.js';
import { type Html, html } from './html.js';

const bins = 64;
const [width, left, right] = [960, 92, 22];
const inner = width - left - right;
const heights = { spectrogram: 160, mask: 14, loss: 70, gap: 14 };

/** [bins, frames] as a grey PNG: loud is light, high frequencies are at the top. */
export async function spectrogramPng(engine: Engine, samples: Float32Array): Promise<string> {
  const program = engine.compile(
    ({ waveform }: { waveform: import('../../engine/ops.js').Tensor }) => ({
      energies: logMel(waveform, bins),
    }),
    { name: 'spectrogram' },
  );
  try {
    const { energies } = await program.run({ waveform: float32([1, samples.length], samples) });
    const frames = energies.shape[2] as number;
    const values = floatsOf(energies);
    const sorted = values.slice().sort();
    const [low, high] = [sorted[Math.floor(0.05 * sorted.length)] as number, sorted.at(-1) as number];
    const data = new Uint8Array(bins * frames);
    for (let bin = 0; bin < bins; bin++)
      for (let t = 0; t < frames; t++) {
        const share = ((values[bin * frames + t] as number) - low) / Math.max(1e-6, high - low);
        data[(bins - 1 - bin) * frames + t] = Math.round(255 * Math.max(0, Math.min(1, share)));
      }
    const png = encode({ width: frames, height: bins, data, channels: 1, depth: 8 });
    return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
  } finally {
    await program.dispose();
  }
}

type Drawn = Pick<UtteranceFindings, 'id' | 'samples' | 'grid' | 'predicted' | 'actual' | 'masks'>;

/** The picture: what is masked hard and at random, over the spectrogram and both frame losses. */
export function maskPicture(encoder: string, findings: Drawn, spectrogram: string): Html {
  const { id, samples, grid, predicted, actual, masks } = findings;
  const seconds = samples.length / sampleRateHz;
  const x = (at: number): number => left + (inner * at) / seconds;
  const frameX = (frame: number): number => x(Math.min((frame * grid.hopSamples) / sampleRateHz, seconds));
  const top = { hard: 0, random: heights.mask + 4, spectrogram: 2 * heights.mask + 12 };
  const lossTop = top.spectrogram + heights.spectrogram + heights.gap;
  const bottom = lossTop + heights.loss;
  const strip = (mask: Uint8Array, name: string, y: number): Html =>
    html`<text x="${left - 8}" y="${y + 11}" class="name">${name}</text>${runsOf(mask).map(
      ([from, to]) =>
        html`<rect class="mask" x="${fixed(frameX(from))}" y="${y}" width="${fixed(frameX(to) - frameX(from))}" height="${heights.mask}"/>`,
    )}`;
  const shares = [masks.hard, masks.random].map(
    (mask) => mask.reduce((sum, bit) => sum + bit, 0) / mask.length,
  );
  const spectrogramSeconds =
    (Math.floor((samples.length - 400) / melHopSamples) + 1) * (melHopSamples / sampleRateHz);
  const words = `${id}, ${encoder}: hard masks hide ${Math.round(100 * (shares[0] ?? 0))} % of the frames, random ones ${Math.round(100 * (shares[1] ?? 0))} %`;
  return html`<figure class="masks"><figcaption>${words}</figcaption><div class="scroll" tabindex="0" role="region" aria-label="${words}"><svg viewBox="0 0 ${width} ${bottom + 24}" role="img" aria-label="${words}">
${strip(masks.hard, 'hard mask', top.hard)}${strip(masks.random, 'random mask', top.random)}
<image href="${spectrogram}" x="${left}" y="${top.spectrogram}" width="${fixed(inner * Math.min(1, spectrogramSeconds / seconds))}" height="${heights.spectrogram}" preserveAspectRatio="none"/>
<text x="${left - 8}" y="${top.spectrogram + 12}" class="name">8 kHz</text><text x="${left - 8}" y="${top.spectrogram + heights.spectrogram}" class="name">0 (mel)</text>
${runsOf(masks.hard).map(([from, to]) => html`<rect class="veil" x="${fixed(frameX(from))}" y="${top.spectrogram}" width="${fixed(frameX(to) - frameX(from))}" height="${heights.spectrogram}"/>`)}
${curve(predicted, 'predicted', lossTop, x, grid)}${curve(actual, 'actual', lossTop, x, grid)}
<text x="${left - 8}" y="${lossTop + 24}" class="name predicted">predicted loss</text><text x="${left - 8}" y="${lossTop + 44}" class="name actual">actual loss</text>
${ticks(seconds).map((at) => html`<text x="${fixed(x(at))}" y="${bottom + 18}" class="tick">${Number(at.toFixed(2))} s</text>`)}
</svg></div></figure>`;
}

/** Each curve fills the height between its own lowest and highest value. */
function curve(
  values: Float32Array,
  name: string,
  top: number,
  x: (seconds: number) => number,
  { hopSamples, fieldSamples }: UtteranceFindings['grid'],
): Html {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = Array.from(values, (value, t) => {
    const y = top + heights.loss * (1 - (value - low) / Math.max(1e-9, high - low));
    return `${fixed(x((t * hopSamples + fieldSamples / 2) / sampleRateHz))},${fixed(y)}`;
  });
  return html`<polyline class="${name}" points="${points.join(' ')}"/>`;
}

const fixed = (value: number): number => Math.round(value * 10) / 10;

function ticks(seconds: number): number[] {
  const step = tickOf(seconds);
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => i * step);
}
