/** @file A hub with one model, for cases: node hub.mjs FOLDER OWNER/NAME PORT [TOKEN]; $SLOW milliseconds for every 4000 bytes. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [, , folder, repository, port, token] = process.argv;
const pause = Number(process.env.SLOW ?? 0);
const digest = (kind, ...parts) => {
  const hash = createHash(kind);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const commit = digest('sha1', folder);
const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
const entries = [...files].map(([path, content]) => ({
  type: 'file',
  path,
  size: content.length,
  oid: digest('sha1', `blob ${content.length}\0`, content),
  ...(path.endsWith('.safetensors') && {
    lfs: { oid: digest('sha256', content), size: content.length, pointerSize: 130 },
  }),
}));

function answer(request, response) {
  const json = (value, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
    return json({ error: 'Access to model is restricted' }, 401);
  const path = decodeURIComponent(new URL(request.url, 'http://hub').pathname);
  if (path === `/api/models/${repository}/revision/main`)
    return json({ id: repository, _id: '1', sha: commit });
  if (path === `/api/models/${repository}/tree/${commit}`) return json(entries);
  const start = `/${repository}/resolve/${commit}/`;
  const content = path.startsWith(start) ? files.get(path.slice(start.length)) : undefined;
  if (content === undefined) return json({ error: 'not found' }, 404);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const [begin, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, content.length];
  const part = content.subarray(begin, Math.min(end, content.length));
  response.writeHead(range ? 206 : 200, {
    'content-length': part.length,
    etag: '"e"',
    ...(range && { 'content-range': `bytes ${begin}-${end - 1}/${content.length}` }),
  });
  let sent = 0;
  const send = () => {
    response.write(part.subarray(sent, sent + 4000));
    sent += 4000;
    if (sent >= part.length) response.end();
    else setTimeout(send, pause);
  };
  send();
}

createServer(answer).listen(Number(port), '127.0.0.1', () => console.log('commit', commit));
