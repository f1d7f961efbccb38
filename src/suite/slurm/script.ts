/** @file The batch script of a job array: made to be read, and to be submitted by hand as well. */
import type { Element, JobArray, Resources } from './arrays.js';

export interface ScriptPlace {
  /** The suite's state folder, absolute. */
  readonly stateFolder: string;
  /** Where scripts, lists and logs go, absolute. */
  readonly slurmFolder: string;
  /** What starts `ehmam`: node and the program's file. */
  readonly program: readonly string[];
  /** Where relative paths of the suite start. */
  readonly workingFolder: string;
  /** Variables that the jobs need whatever Slurm passes on. */
  readonly environment: Readonly<Record<string, string>>;
}

/** An exit code of `ehmam work`: it was interrupted, or another process has the job. It may go on later. */
export const againExitCode = 75;
/** Seconds before the time limit at which a job is told to write a checkpoint and end. */
const warningSeconds = 60;

/** One line an element: the words that `ehmam work` gets for it. */
export function listText(elements: readonly Element[]): string {
  return elements
    .map(({ key, part }) => `--job ${key}${part === undefined ? '' : ` --part ${part}`}\n`)
    .join('');
}

export function scriptText(array: JobArray, place: ScriptPlace): string {
  const { slurmFolder, stateFolder, program, workingFolder, environment } = place;
  const list = `${slurmFolder}/${array.name}.list`;
  const options = [
    `--job-name=ehmam-${array.name}`,
    `--array=0-${array.elements.length - 1}`,
    ...resourceOptions(array.resources),
    '--nodes=1',
    '--ntasks=1',
    '--requeue',
    '--open-mode=append',
    `--signal=B:TERM@${warningSeconds}`,
    `--chdir=${quoted(workingFolder)}`,
    `--output=${quoted(`${slurmFolder}/logs/${array.name}-%A_%a.log`)}`,
  ];
  return `#!/bin/bash
# ${array.elements.length} x ${array.kind}: element i does line i + 1 of the list beside this script.
# Made by \`ehmam run --launcher slurm\`; an element whose job is done already ends at once.
${options.map((option) => `#SBATCH ${option}\n`).join('')}set -u
${Object.entries(environment)
  .map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`)
  .join('')}read -r -a job < <(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${shellQuoted(list)})
echo "$(date '+%F %T') \${job[*]} on $(hostname), job $SLURM_JOB_ID, start $((\${SLURM_RESTART_COUNT:-0} + 1))"
${[...program, 'work', stateFolder].map(shellQuoted).join(' ')} "\${job[@]}" &
child=$!
# Before the time limit, and when it is preempted, the job writes what it needs to go on, and ends.
trap 'told=1; kill -TERM "$child" 2>/dev/null' TERM
told=
wait "$child"
code=$?
while [ -n "$told" ]; do
  told=
  wait "$child"
  code=$?
done
# Interrupted: back into the queue, to go on from there.
if [ "$code" -eq ${againExitCode} ]; then
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
fi
exit "$code"
`;
}

function resourceOptions({ cpus, memory, time, gpus, partition }: Resources): string[] {
  return [
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(memory === undefined ? [] : [`--mem=${memory}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(gpus === undefined || gpus === 0 ? [] : [`--gres=gpu:${gpus}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
  ];
}

/** As `sbatch` reads its own options. */
function quoted(text: string): string {
  return /^[\w./%+=:@-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** One word of a shell's line. */
export function shellQuoted(text: string): string {
  return /^[\w./+=:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
