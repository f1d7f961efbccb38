/** @file The part of @echogarden/espeak-ng-emscripten that we call; the package ships no types. */
declare module '@echogarden/espeak-ng-emscripten' {
  export interface EspeakWorker {
    /** 0, or 2 for an unknown voice (the old one is then kept). */
    set_voice(name: string): number;
    /** Words a minute, 80 to 450. */
    set_rate(rate: number): void;
    /** 0 to 99. */
    set_pitch(pitch: number): void;
    /** Pitch range, 0 to 99. */
    set_range(range: number): void;
    get_samplerate(): number;
    /** Calls back with chunks of 16-bit samples; the callback returns true to stop. */
    synthesize(text: string, onAudio: (pcm: Int16Array | null) => boolean): void;
  }
  export interface EspeakModule {
    readonly eSpeakNGWorker: new () => EspeakWorker;
    /** The whole linear memory; replaced when it grows. */
    readonly HEAPU8: Uint8Array;
  }
  const load: () => Promise<EspeakModule>;
  export default load;
}
