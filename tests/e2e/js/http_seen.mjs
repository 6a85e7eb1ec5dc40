// SPDX-License-Identifier: MIT
// http_seen.mjs FILE: what Node's own HTTP server takes for messages.  FILE is a JSON list of
// streams in base64; for each, the targets of the messages that arrived whole are printed, as
// a JSON list of lists.
import { readFileSync } from 'fs';
import http from 'http';
import net from 'net';

const AT_ONCE = 40;
const streams = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const seen = new Map(); // by the client's port

const server = http.createServer((req, res) => {
  const port = req.socket.remotePort;
  req.resume();
  req.on('end', () => {
    seen.get(port)?.push(req.url) ?? seen.set(port, [req.url]);
    res.end();
  });
});
server.on('clientError', (err, socket) => socket.destroy());

// Resolves to the targets once the connection is over.
function send(stream) {
  return new Promise((done) => {
    const socket = net.connect(server.address().port, '127.0.0.1', () => {
      const port = socket.localPort;
      seen.delete(port);
      socket.on('close', () => done(seen.get(port) ?? []));
      socket.end(Buffer.from(stream, 'base64'));
    });
    socket.on('error', () => {});
    socket.resume();
  });
}

server.listen(0, '127.0.0.1', async () => {
  const all = [];
  for (let i = 0; i < streams.length; i += AT_ONCE)
    all.push(...await Promise.all(streams.slice(i, i + AT_ONCE).map(send)));
  console.log(JSON.stringify(all));
  server.close();
});
