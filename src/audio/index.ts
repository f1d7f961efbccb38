/** @file The public face of audio: read, normalise, write. */
export { amplified, gainFactor } from './gain.js';
export { normalizeWaveform } from './normalize.js';
export { audioSeconds, audioSecondsOfBytes, readAudio, sampleRateHz, statedSeconds } from './read.js';
export { resample } from './resample.js';
export { withoutSilence } from './silence.js';
export type { AudioSpan } from './source.js';
export { encodeWav, writeWav } from './wav.js';
