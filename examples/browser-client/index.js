// Serves the page and the client's files, and runs the database that the page uses. Open it in two windows.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { startLeader } from 'skein';

const FILES = { '/': 'index.html', '/todo.js': 'todo.js' };
const TYPES = { html: 'text/html', js: 'text/javascript' };
let nodes = [];

/** Where what is asked for lies; undefined for what is nobody's business. */
function fileOf(path) {
  if (path in FILES) return new URL(FILES[path], import.meta.url);
  const name = /^\/client\/([a-z-]+\.js)$/.exec(path)?.[1];
  return name && new URL(name, import.meta.resolve('@skein/client'));
}

const server = createServer(({ url }, response) => {
  if (url === '/nodes.json') return response.end(JSON.stringify(nodes));
  const file = fileOf(url);
  if (file === undefined) return response.writeHead(404).end();
  response.setHeader('content-type', TYPES[file.pathname.split('.').at(-1)]);
  createReadStream(file).pipe(response);
});
await new Promise((resolve) => server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', resolve));
const page = `http://127.0.0.1:${server.address().port}`;

// No page may use a database that does not name its origin.
const leader = await startLeader({ data: process.env.DATA ?? './todos', port: 0, corsOrigins: [page] });
nodes = [leader.url];
console.log(`open ${page} in two windows; Ctrl-C ends it`);

async function stop() {
  server.close();
  server.closeAllConnections();
  await leader.close();
  console.log('stopped');
}
process.once('SIGINT', () => void stop());
