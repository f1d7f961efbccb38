/** @file What is said to Slurm and what is understood of its answers. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planArrays } from './arrays.js';
import { parseAccounting, parseArrayLimit, parseQueue, parseSubmission } from './commands.js';
import { listText, scriptText } from './script.js';
import { job, key, stub } from './stubs.fixture.js';

describe('arrays', () => {
  it('are one a kind and level, each after those it needs', () => {
    const arrays = planArrays(
      [
        ...[job('a', 'pretrain'), job('b', 'features'), job('c', 'features', ['a'])],
        ...[job('d', 'head', ['b']), job('e', 'head', ['a', 'c']), job('f', 'head', ['b'])],
      ],
      new Set(),
      1001,
    );
    expect(
      arrays.map(({ name, keys, after }) => [name, keys.map((each) => each[0]).join(''), after]),
    ).toEqual([
      ['pretrain-0', 'a', []],
      ['features-0', 'b', []],
      ['features-1', 'c', ['pretrain-0']],
      ['head-1', 'df', ['features-0']],
      ['head-2', 'e', ['pretrain-0', 'features-1']],
    ]);
  });

  it('are split where Slurm bounds them and where resources differ; what is queued is waited for', () => {
    const gpu = { gpus: 1 };
    const arrays = planArrays(
      [
        job('a', 'features'),
        job('b', 'features'),
        job('c', 'features'),
        job('d', 'features', [], gpu),
        job('e', 'head', ['a', 'c', 'q']),
      ],
      new Set([key('q'), key('r')]),
      2,
    );
    expect(arrays.map(({ name, keys }) => `${name} ${keys.map((each) => each[0]).join('')}`)).toEqual([
      'features-0 ab',
      'features-0-2 c',
      'features-0-3 d',
      'head-1 e',
    ]);
    expect(arrays.at(-1)).toMatchObject({ after: ['features-0', 'features-0-2'], outside: [key('q')] });
  });
});

describe('a script', () => {
  const place = {
    state: "/data/it's/.ehmam",
    folder: '/data/100% mine/slurm/1',
    program: ['/usr/bin/node', '/opt/ehmam/main.js'],
    workingFolder: '/data',
  };
  const [array] = planArrays(
    [
      job('a', 'features', [], { cpus: 4, memory: '1.5GB', time: '12:00:00', gpus: 2, partition: 'long' }),
      job('b', 'features', [], { cpus: 4, memory: '1.5GB', time: '12:00:00', gpus: 2, partition: 'long' }),
    ],
    new Set(),
    100,
  );

  it('asks for what the suite says, and survives odd names', () => {
    const text = scriptText(array as NonNullable<typeof array>, place, 75);
    for (const option of [
      '--array=0-1',
      '--cpus-per-task=4',
      '--mem=1536M',
      '--time=12:00:00',
      '--gres=gpu:2',
      '--partition=long',
      '--requeue',
      '--signal=B:TERM@60',
      '--output="/data/100%% mine/slurm/1/features-0-%A_%a.log"',
    ])
      expect(text).toContain(`\n#SBATCH ${option}\n`);
    expect(text).toContain(`main.js work '/data/it'\\''s/.ehmam' --job`);
    expect(listText(array as NonNullable<typeof array>)).toBe(`${key('a')}\n${key('b')}\n`);
  });

  it('passes SIGTERM on, waits for the end, and goes back into the queue when the job was interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ehmam-script-'));
    const program = [
      'bash',
      '-c',
      `trap 'sleep 0.2; echo stopped "$@"; exit \${CODE:-75}' TERM; echo up; while :; do sleep 0.05; done`,
      'work',
    ];
    const text = scriptText(
      array as NonNullable<typeof array>,
      { ...place, state: folder, folder, program },
      75,
    );
    await writeFile(join(folder, 'features-0.sh'), text);
    await writeFile(join(folder, 'features-0.list'), listText(array as NonNullable<typeof array>));
    await stub(folder, 'squeue', 'echo RUNNING');
    await stub(folder, 'scontrol', 'echo "$@"; exit 1');
    const run = (code: string) => {
      const environment = {
        PATH: `${folder}:${process.env.PATH}`,
        SLURM_JOB_ID: '7',
        SLURM_ARRAY_TASK_ID: '1',
        CODE: code,
      };
      return new Promise<[number | null, string]>((resolve) => {
        const child = execFile(
          'bash',
          [join(folder, 'features-0.sh')],
          { env: environment },
          (error, stdout) => resolve([typeof error?.code === 'number' ? error.code : 0, stdout]),
        );
        child.stdout?.on('data', (text) => {
          if (String(text).includes('up')) child.kill('SIGTERM');
        });
      });
    };
    const [again, told] = await run('75');
    expect(again).toBe(75);
    expect(told).toContain(`stopped work ${folder} --job ${key('b')} --threads 1\nrequeue 7\n`);
    const [done, silent] = await run('0');
    expect(done).toBe(0);
    expect(silent).not.toContain('requeue');
    await rm(folder, { recursive: true });
  });
});

describe("Slurm's answers", () => {
  it('are read an element a line', () => {
    expect(parseQueue('12|0|RUNNING|None\n12|3|PENDING|Resources\n14|N/A|PENDING|Dependency\n\n')).toEqual([
      { array: '12', index: 0, state: 'RUNNING', reason: 'None' },
      { array: '12', index: 3, state: 'PENDING', reason: 'Resources' },
    ]);
    expect(parseAccounting('12_0|COMPLETED\n12_1|CANCELLED by 1000\n12_[2-5]|PENDING\n13|FAILED\n')).toEqual([
      { array: '12', index: 0, state: 'COMPLETED', reason: '' },
      { array: '12', index: 1, state: 'CANCELLED', reason: '' },
    ]);
  });

  const banner = [
    '-----------------------------------------------------------------',
    '          Welcome to the Example6 Supercomputer',
    '-----------------------------------------------------------------',
    '--> Verifying valid submit host (login1)...OK',
    'No reservation for this job | 2 nodes | ok',
    '',
  ].join('\r\n');

  it.each([
    ['4711\n', '4711'],
    ['4711;example6\n', '4711'],
    [`${banner}4711;example6\n`, '4711'],
    [`${banner}\u001b[32m4711\u001b[0m\n`, '4711'],
    [`sbatch: info: billed to 42\n4711;c.d-1\nsee https://example.org/4\n\n`, '4711'],
    [`${banner}Submitted batch job 4711 on cluster example6\n`, '4711'],
    [banner, undefined],
    ['', undefined],
    ['4711 4712\n', undefined],
  ])('%j names the job %s', (text, id) => {
    expect(parseSubmission(text)).toBe(id);
  });

  it('are found among what a site prints before and behind them', () => {
    const around = (text: string): string => `${banner}${text}${banner}`;
    expect(parseQueue(around('12|0|RUNNING|None\n12|3|PENDING|a|b\n'))).toEqual([
      { array: '12', index: 0, state: 'RUNNING', reason: 'None' },
      { array: '12', index: 3, state: 'PENDING', reason: 'a|b' },
    ]);
    expect(parseAccounting(around('12_0|COMPLETED\r\n'))).toEqual([
      { array: '12', index: 0, state: 'COMPLETED', reason: '' },
    ]);
    expect(parseArrayLimit(around('  MaxArraySize            = 77\r\n'))).toBe(77);
    expect(parseArrayLimit(banner)).toBe(1001);
  });
});
