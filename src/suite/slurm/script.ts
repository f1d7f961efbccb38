/** @file The batch script of a job array: made to be read, and to be submitted by hand as well. */
import type { JobArray } from './arrays.js';

export interface ScriptPlace {
  /** The suite's state folder, absolute. */
  readonly state: string;
  /** Where the script, its list and its logs go, absolute. */
  readonly folder: string;
  /** What starts `ehmam`: node and the program's file. */
  readonly program: readonly string[];
  /** Where relative paths of the suite start. */
  readonly workingFolder: string;
  /** Threads of the engine (default: the processors that Slurm gives the job). */
  readonly threads?: number | undefined;
}

/** Seconds before the time limit at which a job is told to write a checkpoint and end. */
const warningSeconds = 60;

/** The keys of the jobs, one a line. */
export const listText = ({ keys }: JobArray): string => keys.map((key) => `${key}\n`).join('');

/** @param againExitCode of `ehmam work`: the job was interrupted or another process has it, and may go on later */
export function scriptText(array: JobArray, place: ScriptPlace, againExitCode: number): string {
  const { folder, state, program, workingFolder, threads } = place;
  const { name, kind, keys } = array;
  const options = [
    `--job-name=ehmam-${name}`,
    `--array=0-${keys.length - 1}`,
    ...resourceOptions(array),
    '--nodes=1',
    '--ntasks=1',
    '--requeue',
    '--open-mode=append',
    // A head within whose limit nothing is learned would go round for ever: there Slurm is to say so. What it has
    // learned is kept, and the same command goes on with it.
    ...(kind === 'head' ? [] : [`--signal=B:TERM@${warningSeconds}`]),
    `--chdir=${quoted(workingFolder)}`,
    `--output=${quoted(`${folder.replaceAll('%', '%%')}/${name}-%A_%a.log`)}`,
  ];
  const work = [...program, 'work', state].map(shellQuoted).join(' ');
  return `#!/bin/bash
# ${keys.length} ${kind} jobs: element i does the job with the key in line i + 1 of the list beside this script.
# Made by 'ehmam run --launcher slurm'. A job that is done already is not done again.
${options.map((option) => `#SBATCH ${option}`).join('\n')}
set -u
cpus=\${SLURM_CPUS_PER_TASK:-1}
key=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${shellQuoted(`${folder}/${name}.list`)})
echo "$(date '+%F %T') job $key on \${SLURMD_NODENAME:-$(hostname)}, start $((\${SLURM_RESTART_COUNT:-0} + 1))"
${work} --job "$key" --threads "${threads ?? '$cpus'}" &
child=$!
# Told to end (preempted, or soon out of time), the job writes what it needs to resume.
told=
trap 'told=1; kill -TERM "$child" 2>/dev/null' TERM
wait "$child"
code=$?
while [ -n "$told" ]; do
  told=
  wait "$child"
  code=$?
done
# Interrupted, or another process has the job: back into the queue, unless Slurm itself is ending it.
if [ "$code" -eq ${againExitCode} ] && [ "$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)" = RUNNING ]; then
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
fi
exit "$code"
`;
}

function resourceOptions({ resources: { cpus, memory, time, gpus, partition } }: JobArray): string[] {
  return [
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(memory === undefined ? [] : [`--mem=${megabytes(memory)}M`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(gpus === undefined || gpus === 0 ? [] : [`--gres=gpu:${gpus}`]),
    ...(partition === undefined ? [] : [`--partition=${quoted(partition)}`]),
  ];
}

/** `8GB` in the unit that Slurm takes whole numbers of. */
function megabytes(memory: string): number {
  const [, number, unit = 'M'] = /^([\d.]+)([KMGT])B?$/i.exec(memory) ?? [];
  return Math.ceil(Number(number) * 1024 ** ('KMGT'.indexOf(unit.toUpperCase()) - 1));
}

/** As `sbatch` reads its own options. */
function quoted(text: string): string {
  return /^[\w./%+=:@-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** One word of a shell's line. */
export function shellQuoted(text: string): string {
  return /^[\w./+=:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
