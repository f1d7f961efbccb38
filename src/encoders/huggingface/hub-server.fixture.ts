/** @file A small Hugging Face hub on this machine, for tests: one model, its files from a folder. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface HubServer {
  readonly url: string;
  readonly commit: string;
  /** Paths of files that were asked for, with the range where one was. */
  readonly requests: string[];
  /** Cuts the connection after so many bytes of a file's next answer. */
  cutAfter: { readonly path: string; readonly bytes: number } | undefined;
  /** Changes a byte of a file in every answer. */
  spoil: string | undefined;
  /** Answers only who brings this token. */
  token: string | undefined;
  close(): Promise<void>;
}

const large = /\.(safetensors|bin)$/;

/** Serves the files of a folder as `repository` at `revision`. */
export async function serveHub(folder: string, repository: string, revision = 'main'): Promise<HubServer> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(folder)) files.set(name, await readFile(join(folder, name)));
  const commit = createHash('sha1').update(folder).digest('hex');
  const state: Pick<HubServer, 'requests' | 'cutAfter' | 'spoil' | 'token'> = {
    requests: [],
    cutAfter: undefined,
    spoil: undefined,
    token: undefined,
  };
  const entries = [...files].map(([path, content]) => ({
    type: 'file',
    path,
    size: content.length,
    oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
    ...(large.test(path) && {
      lfs: {
        oid: createHash('sha256').update(content).digest('hex'),
        size: content.length,
        pointerSize: 130,
      },
    }),
  }));
  const json = (response: ServerResponse, value: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  const server = createServer((request, response) => {
    if (state.token !== undefined && request.headers.authorization !== `Bearer ${state.token}`)
      return json(response, { error: 'Invalid credentials' }, 401);
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://hub').pathname);
    if (path === `/api/models/${repository}/revision/${revision}`)
      return json(response, { id: repository, _id: '1', sha: commit });
    if (path === `/api/models/${repository}/tree/${commit}`) return json(response, entries);
    const name = path.slice(`/${repository}/resolve/${commit}/`.length);
    const content = path.startsWith(`/${repository}/resolve/${commit}/`) ? files.get(name) : undefined;
    if (content === undefined) return json(response, { error: 'Repository not found' }, 404);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [begin, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, content.length];
    const part = Buffer.from(content.subarray(begin, Math.min(end, content.length)));
    if (state.spoil === name) part[0] = (part[0] ?? 0) ^ 1;
    // The library first asks for one byte, to learn the size.
    const probe = end === 1;
    if (!probe) state.requests.push(range ? `${name} from ${begin}` : name);
    response.writeHead(range ? 206 : 200, {
      'content-length': part.length,
      etag: '"etag"',
      ...(range && { 'content-range': `bytes ${begin}-${end - 1}/${content.length}` }),
    });
    const cut = state.cutAfter;
    if (cut?.path === name && !probe) {
      state.cutAfter = undefined;
      response.write(part.subarray(0, cut.bytes), () => setTimeout(() => response.destroy(), 50));
      return;
    }
    response.end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    commit,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}
