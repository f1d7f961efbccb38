/** @file A WASI host in memory: runs a WebAssembly command that writes one file, again and again, with no clock and no disk. */

/** What a command left behind. */
export interface CommandResult {
  readonly exitCode: number;
  /** What it wrote to standard output and standard error. */
  readonly messages: string;
  /** The bytes of the file it opened. */
  readonly file: Uint8Array;
}

type Imports = Readonly<Record<string, (...args: never[]) => number>>;

/** Runs the command; `args` begins with its name. Equal arguments give equal results, whatever ran before. */
export type Command = (args: readonly string[]) => CommandResult;

/** Thrown through the WebAssembly frames when the command calls `exit`. */
class Exit {
  constructor(readonly code: number) {}
}

const success = 0;
const badDescriptor = 8;
/** Standard streams are 0 to 2; 3 is the root folder; 4 the one file. */
const rootDescriptor = 3;
const fileDescriptor = 4;
const pageBytes = 1 << 16;
const allRights = 0xffff_ffff_ffff_ffffn;

/**
 * Makes a command of a module. Each run starts from the memory as it was before the first one (much faster than
 * a new instance). The command sees one empty folder, in which whatever it opens is the same growing file; its
 * clock stands still; it has no input.
 * @param spareBytes memory to have at hand, so that a usual run need not ask for more
 */
export function loadCommand(module: WebAssembly.Module, spareBytes: number): Command {
  let encodedArgs: readonly Uint8Array[] = [];
  let file = new Uint8Array(1 << 17);
  let size = 0;
  let position = 0;
  let messages = '';
  let memory: WebAssembly.Memory;
  const view = (): DataView => new DataView(memory.buffer);
  const bytes = (): Uint8Array => new Uint8Array(memory.buffer);

  const writeToFile = (chunk: Uint8Array): void => {
    if (position + chunk.length > file.length) {
      const larger = new Uint8Array(2 * (position + chunk.length));
      larger.set(file);
      file = larger;
    }
    file.set(chunk, position);
    position += chunk.length;
    size = Math.max(size, position);
  };

  const imports: Imports = {
    args_sizes_get(countAt: number, sizeAt: number) {
      view().setUint32(countAt, encodedArgs.length, true);
      const total = encodedArgs.reduce((sum, arg) => sum + arg.length, 0);
      view().setUint32(sizeAt, total, true);
      return success;
    },
    args_get(pointersAt: number, textAt: number) {
      let at = textAt;
      for (const [index, arg] of encodedArgs.entries()) {
        view().setUint32(pointersAt + 4 * index, at, true);
        bytes().set(arg, at);
        at += arg.length;
      }
      return success;
    },
    clock_time_get(_clock: number, _precision: bigint, timeAt: number) {
      view().setBigUint64(timeAt, 0n, true);
      return success;
    },
    fd_prestat_get(descriptor: number, at: number) {
      if (descriptor !== rootDescriptor) return badDescriptor;
      view().setUint32(at, 0, true);
      view().setUint32(at + 4, 1, true);
      return success;
    },
    fd_prestat_dir_name(_descriptor: number, at: number) {
      bytes()[at] = '/'.charCodeAt(0);
      return success;
    },
    fd_fdstat_get(descriptor: number, at: number) {
      const characterDevice = 2;
      const directory = 3;
      const regularFile = 4;
      const kind =
        descriptor < rootDescriptor
          ? characterDevice
          : descriptor === rootDescriptor
            ? directory
            : regularFile;
      view().setUint16(at, kind, true);
      view().setUint16(at + 2, 0, true);
      view().setBigUint64(at + 8, allRights, true);
      view().setBigUint64(at + 16, allRights, true);
      return success;
    },
    fd_fdstat_set_flags: () => success,
    fd_close: () => success,
    fd_read: () => badDescriptor,
    fd_seek(_descriptor: number, offset: bigint, whence: number, positionAt: number) {
      const origin = [0, position, size][whence] ?? 0;
      position = origin + Number(offset);
      view().setBigUint64(positionAt, BigInt(position), true);
      return success;
    },
    fd_write(descriptor: number, vectorsAt: number, count: number, writtenAt: number) {
      let written = 0;
      for (let i = 0; i < count; i++) {
        const start = view().getUint32(vectorsAt + 8 * i, true);
        const length = view().getUint32(vectorsAt + 8 * i + 4, true);
        const chunk = bytes().subarray(start, start + length);
        if (descriptor === fileDescriptor) writeToFile(chunk);
        else messages += new TextDecoder().decode(chunk);
        written += length;
      }
      view().setUint32(writtenAt, written, true);
      return success;
    },
    path_open(
      _folder: number,
      _lookup: number,
      _pathAt: number,
      _pathLength: number,
      _flags: number,
      _rights: bigint,
      _inheriting: bigint,
      _descriptorFlags: number,
      descriptorAt: number,
    ) {
      view().setUint32(descriptorAt, fileDescriptor, true);
      return success;
    },
    proc_exit(code: number) {
      throw new Exit(code);
    },
  };

  const start = (): Prepared => {
    const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
    memory = exports.memory as WebAssembly.Memory;
    memory.grow(Math.ceil(spareBytes / pageBytes));
    return {
      run: exports._start as () => void,
      // What was grown is zero: it need not be kept, only filled.
      image: bytes().slice(0, memory.buffer.byteLength - spareBytes),
      length: memory.buffer.byteLength,
    };
  };
  let prepared = start();
  let isFresh = true;

  return (args) => {
    // A command that grew its memory, or left by an exception, is not as it was: another instance takes its place.
    if (prepared.length !== memory.buffer.byteLength) {
      prepared = start();
      isFresh = true;
    }
    if (!isFresh) {
      bytes().set(prepared.image);
      bytes().fill(0, prepared.image.length);
    }
    isFresh = false;
    encodedArgs = args.map((arg) => new TextEncoder().encode(`${arg}\0`));
    size = 0;
    position = 0;
    messages = '';
    let exitCode = 0;
    try {
      prepared.run();
    } catch (error) {
      prepared = start();
      isFresh = true;
      if (!(error instanceof Exit)) throw error;
      exitCode = error.code;
    }
    return { exitCode, messages, file: file.slice(0, size) };
  };
}

/** An instance with what its memory held before its first run. */
interface Prepared {
  readonly run: () => void;
  readonly image: Uint8Array;
  readonly length: number;
}
