/** @file `ehmam doctor`: what works on this machine, and the hint for what does not. */
import { defineCommand } from './command.js';
import type { Diagnosis } from './doctor/diagnose.js';

export const doctorCommand = defineCommand({
  usage: 'doctor',
  summary: 'Test every engine on this machine and report what works',
  positionals: {},
  options: {},
  examples: [
    ['doctor', 'Engines, versions, memory, cache folder'],
    ['doctor --json', 'The same as JSON, for a bug report'],
  ],
  async run(_args, io) {
    const { diagnose } = await import('./doctor/diagnose.js');
    const diagnosis = await diagnose((name) => io.say(`trying: ${name}`));
    io.print(io.json ? JSON.stringify(diagnosis, null, 2) : describe(diagnosis));
    return diagnosis.checks.every((check) => check.works || !check.needed) ? 0 : 1;
  },
});

function describe({ versions, platform, processor, cores, memoryGB, checks }: Diagnosis): string {
  return [
    `ehmam ${versions.ehmam}, Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}, TensorFlow.js ${versions.tfjs}`,
    `${platform}, ${cores} cores (${processor})`,
    `${memoryGB.total} GB memory, ${memoryGB.free} GB free`,
    '',
    ...checks.flatMap(({ name, works, needed, detail, hint }) => [
      ...wrapped(works ? 'works' : needed ? 'FAILS' : 'absent', `${name}: ${detail}`),
      ...(hint === undefined ? [] : wrapped('', hint)),
    ]),
  ].join('\n');
}

/** Lines of at most 80 characters (a longer word stays whole) with the mark before the first. */
function wrapped(mark: string, text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= 80)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${(last === undefined ? mark : '').padEnd(8)}${word}`);
  }
  return lines;
}
