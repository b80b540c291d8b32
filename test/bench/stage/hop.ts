// The least that any proxy costs: a process that hands requests to another address and their answers back, unread, over kept-alive connections.

import http from 'node:http';
import type { AddressInfo } from 'node:net';

const { HOP_TARGET = '' } = process.env;
const target = new URL(HOP_TARGET);
const agent = new http.Agent({ keepAlive: true });
const server = http.createServer((request, response) => {
  const { connection: _, ...headers } = request.headers;
  const onward = http.request({ host: target.hostname, port: target.port, path: request.url, method: request.method, headers: { ...headers, host: target.host }, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
