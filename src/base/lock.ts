/** @file Locks in a shared folder: one process at a time, taken over from a process or node that died. */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { cannotWrite, systemCode } from './files.js';

const ownerSchema = z.object({
  token: z.string(),
  host: z.string(),
  /** One running system: a host, its boot and its process namespace. Only there does `pid` say anything. */
  machine: z.string(),
  pid: z.int(),
  /** When the process started, in ticks since boot; tells it from a later one with the same id. */
  started: z.string().optional(),
  /** What else is known of where the process runs: see `Liveness`. */
  within: z.record(z.string(), z.string()).optional(),
  at: z.string(),
});

/** Who holds a lock. */
export type LockOwner = z.infer<typeof ownerSchema>;

export interface Lock {
  release(): Promise<void>;
}

/** What tells whether processes of other machines live, where more is known of them than their silence. */
export interface Liveness {
  /** What others have to know of this process to tell; undefined where there is nothing. */
  own(): Readonly<Record<string, string>> | undefined;
  /** Whether a process that said this of itself may still live; undefined where nobody knows. */
  lives(within: Readonly<Record<string, string>>): Promise<boolean | undefined>;
}

export interface LockOptions {
  /** The owner's sign of life has to be no older than this, where its process cannot be looked up (default 120 s). */
  readonly silentSeconds?: number;
  readonly liveness?: Liveness | undefined;
}

const usualSilentSeconds = 120;
const beatMilliseconds = 20_000;

/**
 * Takes a lock, or says that another has it. Whoever takes it must look again whether the work is done.
 *
 * A lock is a file `<path>.<generation>`, made only if it is not there; the highest generation holds. A stale one is
 * followed by the next generation, which one process alone can make, and is never removed by who merely judged it.
 * @returns undefined while a living process holds it
 * @throws UserError when the folder cannot be written
 */
export async function takeLock(path: string, options: LockOptions = {}): Promise<Lock | undefined> {
  const found = await generationsOf(path);
  const highest = found.at(-1);
  if (highest !== undefined && !(await isStale(fileOf(path, highest), options))) return undefined;
  const mine = (highest ?? -1) + 1;
  const file = fileOf(path, mine);
  const owner = ownOwner(options.liveness);
  if (!(await makeFile(file, owner))) return undefined;
  // It may have been made after another took a higher one, which removed the lower ones.
  const now = await generationsOf(path);
  if (now.at(-1) !== mine) {
    await rm(file, { force: true });
    return undefined;
  }
  for (const older of now.slice(0, -1)) await rm(fileOf(path, older), { force: true });
  const beat = setInterval(() => {
    const time = new Date();
    // A folder that is gone is for the work to complain of.
    utimes(file, time, time).catch(() => undefined);
  }, beatMilliseconds);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      // One that was taken away may be another's by now.
      if ((await readOwner(file))?.token === owner.token) await rm(file, { force: true });
    },
  };
}

/** The owner of a lock, if a living process has it. */
export async function lockOwner(path: string, options: LockOptions = {}): Promise<LockOwner | undefined> {
  const highest = (await generationsOf(path)).at(-1);
  if (highest === undefined || (await isStale(fileOf(path, highest), options))) return undefined;
  return readOwner(fileOf(path, highest));
}

const fileOf = (path: string, generation: number): string => `${path}.${generation}`;

/** Ascending. */
async function generationsOf(path: string): Promise<number[]> {
  const start = `${basename(path)}.`;
  const names = await readdir(dirname(path)).catch(() => []);
  return names
    .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)))
    .sort((a, b) => a - b);
}

async function makeFile(file: string, owner: LockOwner): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(JSON.stringify(owner));
    } catch (error) {
      await rm(file, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    // The folder's name may be a file's, too.
    if (systemCode(error) === 'EEXIST' && (error as NodeJS.ErrnoException).syscall === 'open') return false;
    throw systemCode(error) === undefined ? error : cannotWrite(file, error);
  }
}

function ownOwner(liveness: Liveness | undefined): LockOwner {
  const within = liveness?.own();
  const started = startOf(process.pid);
  return {
    token: randomUUID(),
    host: hostname(),
    machine: machine(),
    pid: process.pid,
    ...(started !== undefined && { started }),
    ...(within !== undefined && { within: { ...within } }),
    at: new Date().toISOString(),
  };
}

async function readOwner(file: string): Promise<LockOwner | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function isStale(file: string, options: LockOptions): Promise<boolean> {
  const { silentSeconds = usualSilentSeconds, liveness } = options;
  const owner = await readOwner(file);
  const silence = await silenceOf(file);
  // A living process that is silent for long is stopped, or its thread has ended.
  if (owner?.machine === machine()) return !isAlive(owner) || silence > 5 * silentSeconds;
  if (owner?.within !== undefined && (await liveness?.lives(owner.within)) === false) return true;
  // A file without an owner is being written, or its writer was killed then.
  return silence > (owner === undefined ? Math.min(silentSeconds, 5) : silentSeconds);
}

/** Seconds since the owner's last sign of life; 0 for a lock that is gone. */
async function silenceOf(file: string): Promise<number> {
  const beat = await stat(file).catch(() => undefined);
  return beat === undefined ? 0 : (Date.now() - beat.mtimeMs) / 1000;
}

function isAlive({ pid, started }: LockOwner): boolean {
  const now = startOf(pid);
  if (now !== undefined && started !== undefined) return now === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user is one, too.
    return systemCode(error) === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat; undefined where there is no such process or no /proc, or it is a zombie. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name in parentheses, may hold spaces.
    const [state, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : rest[18];
  } catch {
    return undefined;
  }
}

let known: string | undefined;

function machine(): string {
  known ??= [
    hostname(),
    attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    attempt(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
  return known;
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Where the lock of a thing in a folder is. */
export function lockPath(folder: string, name: string): string {
  return join(folder, `.${name}.lock`);
}
