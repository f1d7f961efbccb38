/** @file Locks of jobs: one process does a job at a time, on whichever host, and a dead one holds no other up. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { cannotWrite, systemCode } from '../files.js';

/** Who holds a lock. */
export interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When that process started: tells it from a later one of the same number. */
  readonly started: string;
  /** Of this very lock. */
  readonly id: string;
}

export interface Lock {
  /** Gives it back; one that was taken away is left to its new holder. */
  release(): Promise<void>;
}

export type Acquired = { readonly lock: Lock } | { readonly heldBy: Holder };

const beatMilliseconds = 10_000;
/** A holder on another host that has not been heard of for so long is taken for dead: 12 beats. */
const silenceMilliseconds = 120_000;

const lockPath = (state: string, key: string): string => join(state, 'locks', key);

/** Takes the lock of a job, or says who has it. The lock of a dead process is taken from it. */
export async function acquireLock(state: string, key: string): Promise<Acquired> {
  const path = lockPath(state, key);
  const holder: Holder = {
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    id: randomUUID(),
  };
  for (;;) {
    if (await createWhole(path, JSON.stringify(holder))) return { lock: lockOf(path, holder) };
    const other = await readHolder(path);
    if (other === undefined) continue;
    if (await isAlive(path, other)) return { heldBy: other };
    await takeAway(path, other);
  }
}

/** Who holds the lock of a job now. */
export async function holderOf(state: string, key: string): Promise<Holder | undefined> {
  const path = lockPath(state, key);
  const holder = await readHolder(path);
  return holder !== undefined && (await isAlive(path, holder)) ? holder : undefined;
}

/** A file with all of its content, or none where there is one already. */
async function createWhole(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await link(temporary, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw systemCode(error) === undefined ? error : cannotWrite(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Holder);
}

async function isAlive(path: string, { host, pid, started }: Holder): Promise<boolean> {
  if (host === hostname()) return startOf(pid) === started;
  const beat = await stat(path).catch(() => undefined);
  return beat !== undefined && Date.now() - beat.mtimeMs < silenceMilliseconds;
}

/**
 * When a process started, undefined when there is none. On Linux in the system's own ticks since a boot that is named
 * too; elsewhere only whether it lives.
 */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      // After the name, which may hold anything, in brackets: state is the first field, the start the twentieth.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : `${boot} ${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return systemCode(error) === 'EPERM' ? 'alive' : undefined;
  }
}

/** Removes the lock of a dead holder; where another process was faster, the lock that it took is put back. */
async function takeAway(path: string, dead: Holder): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw systemCode(error) === undefined ? error : cannotWrite(path, error);
  }
  const taken = await readHolder(aside);
  if (taken?.id !== dead.id) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function lockOf(path: string, own: Holder): Lock {
  const beat = setInterval(() => {
    const now = new Date();
    // A beat that is missed now and then does no harm.
    utimes(path, now, now).catch(() => undefined);
  }, beatMilliseconds);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      if ((await readHolder(path))?.id === own.id) await rm(path, { force: true });
    },
  };
}
