/** @file A file server on this machine for tests, that can be as unreliable as any. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  /** What was asked for, in order: `/x.bin`, or `/x.bin from 100`. */
  readonly requests: string[];
  /** User agents that asked. */
  readonly agents: Set<string>;
  /** Files by their path. */
  readonly files: Map<string, Buffer>;
  /** Cuts the connections of the next answers after so many bytes. */
  cuts: number[];
  /** Leaves the next answer hanging after so many bytes. */
  hangAfter: number | undefined;
  /** Answers the next requests with these. */
  statuses: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[];
  /** What it says of a file's identity. */
  validators: 'etag' | 'weak' | 'date' | 'none';
  ignoresRanges: boolean;
  close(): Promise<void>;
}

/** Counts versions: a changed file has another validator. */
const versionOf = (content: Buffer): number =>
  content.reduce((sum, byte) => (sum * 31 + byte) % 1_000_003, 7);

export async function serveFiles(files: Readonly<Record<string, Buffer>>): Promise<FileServer> {
  const state: Omit<FileServer, 'url' | 'close'> = {
    requests: [],
    agents: new Set(),
    files: new Map(Object.entries(files)),
    cuts: [],
    hangAfter: undefined,
    statuses: [],
    validators: 'etag',
    ignoresRanges: false,
  };
  const server = createServer((request, response) => answer(state, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

function answer(
  state: Omit<FileServer, 'url' | 'close'>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = request.url ?? '/';
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  state.requests.push(from === undefined ? path : `${path} from ${from}`);
  state.agents.add(request.headers['user-agent'] ?? '');
  const told = state.statuses.shift();
  const content = state.files.get(path);
  if (told !== undefined || content === undefined) {
    response.writeHead(told?.status ?? 404, told?.headers).end('no');
    return;
  }
  const version = versionOf(content);
  const date = new Date(1e12 + version * 1000).toUTCString();
  const validator = { etag: `"${version}"`, weak: date, date, none: undefined }[state.validators];
  const condition = request.headers['if-range'];
  const isSame = condition === undefined || condition === validator;
  const start = from === undefined || state.ignoresRanges || !isSame ? 0 : Number(from);
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const part = content.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': part.length,
    ...(state.validators === 'etag' && { etag: `"${version}"` }),
    ...(state.validators === 'weak' && { etag: `W/"${version}"` }),
    ...((state.validators === 'date' || state.validators === 'weak') && { 'last-modified': date }),
    ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  const cut = state.cuts.shift();
  if (cut !== undefined) {
    response.write(part.subarray(0, cut), () => setTimeout(() => response.destroy(), 30));
  } else if (state.hangAfter !== undefined) {
    response.write(part.subarray(0, state.hangAfter));
    state.hangAfter = undefined;
  } else response.end(part);
}
