/** The floor: what a pass-through costs that does nothing but pass on. `node floor.ts <upstream origin>` */
import { Agent, createServer, request } from 'node:http';

const { hostname, port } = new URL(process.argv[2] ?? '');
const agent = new Agent({ keepAlive: true });

const server = createServer({ keepAliveTimeout: 120_000 }, (incoming, response) => {
  const { method, url: path, headers } = incoming;
  const outgoing = request({ agent, hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`listening on http://127.0.0.1:${address?.port}\n`);
});
