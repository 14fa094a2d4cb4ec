/**
 * A host that sends files and no header of its own, as many static hosts do: `dist/` in a subfolder of a site.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** @param folder where the lab lies on the site, with a slash at both ends */
export function serveFiles(port: number, folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const name = pathname === folder ? 'index.html' : pathname.slice(folder.length);
    const found = pathname.startsWith(folder) ? readFile(join(dist, name)) : Promise.reject(new Error('404'));
    found.then(
      (bytes) => response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'text/plain' }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, 'localhost', () => resolve(server));
  });
}
