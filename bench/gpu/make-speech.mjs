// WAV files of noise bursts and tones, and their manifest
import { mkdirSync, writeFileSync } from 'node:fs';
const out = process.argv[2]; mkdirSync(out, { recursive: true });
let s = 1; const r = () => ((s = (s * 1103515245 + 12345) % 2147483648) / 2147483648);
const rows = ['id,path,split'];
for (let f = 0; f < 120; f++) {
  const n = Math.floor((8 + 8 * r()) * 16000), b = Buffer.alloc(44 + 2 * n);
  b.write('RIFF', 0); b.writeUInt32LE(36 + 2 * n, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20); b.writeUInt16LE(1, 22); b.writeUInt32LE(16000, 24); b.writeUInt32LE(32000, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34); b.write('data', 36); b.writeUInt32LE(2 * n, 40);
  let hz = 200, a = 0;
  for (let i = 0; i < n; i++) { if (i % 1600 === 0) { hz = 100 + 900 * r(); a = r(); } b.writeInt16LE(Math.round(6000 * a * Math.sin((2 * Math.PI * hz * i) / 16000) + 1500 * (r() - 0.5)), 44 + 2 * i); }
  writeFileSync(`${out}/${f}.wav`, b); rows.push(`u${f},${f}.wav,train`);
}
writeFileSync(`${out}/speech.csv`, rows.join('\n') + '\n');
