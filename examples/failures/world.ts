// What the agents act on: real files, databases and loopback services, owned by whoever runs the example, which is where the damage is counted.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SeenRequest } from '../model-server/server.ts';

export interface World {
  /** Addresses and the like, for the agent's environment; the script names them as `${NAME}`. */
  readonly env: Readonly<Record<string, string>>;
  /** What came of the run, with its numbers. `requests` are those that reached the models, in order. */
  damage(requests: readonly SeenRequest[]): string;
  close(): void;
}

/** Prepares the world of one run in a folder of its own, which is where the agent works. */
export type OpenWorld = (folder: string) => Promise<World>;

export interface Site {
  readonly url: string;
  close(): void;
}

/** An HTTP service on loopback. `answer` gets the method, the path with its query, and the body; undefined is a 404. */
export async function site(answer: (method: string, path: string, body: string) => unknown): Promise<Site> {
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const reply = answer(request.method ?? 'GET', request.url ?? '/', body);
      response.writeHead(reply === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(typeof reply === 'string' ? reply : JSON.stringify(reply ?? {}));
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
