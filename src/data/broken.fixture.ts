/** @file Audio files that are not what they should be, for tests. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '../audio/index.js';

const rateHz = 16000;

/** Writes one file of each kind into a folder, and says what a reader must complain about; undefined: it is good. */
export async function writeBroken(
  folder: string,
): Promise<readonly { readonly name: string; readonly duration?: number; readonly complaint?: RegExp }[]> {
  const second = Buffer.from(encodeWav(new Float32Array(rateHz).fill(0.1), rateHz));
  await writeFile(join(folder, 'empty.wav'), '');
  await writeFile(join(folder, 'text.wav'), 'no audio');
  await writeFile(join(folder, 'cut.wav'), second.subarray(0, 1000));
  await writeFile(join(folder, 'lies.wav'), second);
  await writeFile(join(folder, 'short.wav'), encodeWav(new Float32Array(rateHz / 100).fill(0.1), rateHz));
  // Floats, the last of which is none.
  const floats = Buffer.alloc(44 + 400, second.subarray(0, 44));
  floats.fill(0, 44);
  floats.writeUInt16LE(3, 20);
  floats.writeUInt32LE(4 * rateHz, 28);
  floats.writeUInt16LE(4, 32);
  floats.writeUInt16LE(32, 34);
  floats.writeUInt32LE(400, 40);
  floats.writeFloatLE(Number.NaN, 440);
  await writeFile(join(folder, 'nan.wav'), floats);
  // Three hours of silence, which take no room on the disk.
  const bytes = 3 * 3600 * rateHz * 2;
  const header = Buffer.from(second.subarray(0, 44));
  header.writeUInt32LE(36 + bytes, 4);
  header.writeUInt32LE(bytes, 40);
  const long = await open(join(folder, 'hours.wav'), 'w');
  await long.write(header);
  await long.truncate(44 + bytes);
  await long.close();
  return [
    { name: 'empty.wav', complaint: /the audio file is empty/ },
    { name: 'text.wav', complaint: /is not a supported audio file/ },
    { name: 'cut.wav', complaint: /truncated or damaged/ },
    {
      name: 'lies.wav',
      duration: 2,
      complaint: /end \(2 s\) is beyond the end of the file \(1\.000 s\)/,
    },
    { name: 'nan.wav', complaint: /NaN or infinite samples/ },
    { name: 'hours.wav', complaint: /the utterance is too long \(10800\.0 s/ },
    { name: 'short.wav' },
  ];
}
