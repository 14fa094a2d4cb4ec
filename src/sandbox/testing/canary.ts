/** A server that counts who comes, for the tests in a browser: commands of vitest's (vite.config.ts). */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

let server: Server | null = null;
let hits = 0;

/** @returns its address, host and port */
export async function openCanary(): Promise<string> {
  server ??= createServer((_request, response) => {
    hits++;
    response.writeHead(200, {
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
    });
    response.end('canary');
  });
  server.on('upgrade', (_request, socket) => {
    hits++;
    socket.destroy();
  });
  if (!server.listening) await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @returns how many requests came since it was opened */
export function closeCanary(): number {
  server?.close();
  server?.closeAllConnections();
  server = null;
  return hits;
}
