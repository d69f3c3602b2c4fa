import { connect } from 'node:net';
import type { CrowdPlan } from './crowd.ts';

/** Plain sockets: what is looked at is the node, and two thousand clients of HTTP would take longer than it does. */
const { url, readers, path, accept, wanted } = JSON.parse(process.argv[2]!) as CrowdPlan;
const { hostname, port } = new URL(url);
const request = `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\naccept: ${accept}\r\n\r\n`;

const [begin, end] = wanted;

/** More that connect at once than a node accepts in one go, and some are only heard a second later. */
const CONNECTING_MAX = 100;

const texts: Promise<string>[] = [];

async function connectAll(): Promise<void> {
  while (texts.length < readers) await new Promise<void>((connected) => texts.push(read(connected)));
}

/** What is wanted of an answer, once it is there. */
function read(connected: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(request);
      connected();
    });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += String(chunk);
      const from = text.indexOf(begin);
      const to = from === -1 ? -1 : text.indexOf(end, from);
      if (to === -1) return;
      socket.destroy();
      resolve(text.slice(from, to + end.length));
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`an answer ended early: ${text}`)));
  });
}

await Promise.all(Array.from({ length: CONNECTING_MAX }, connectAll));
const counts = new Map<string, number>();
for (const text of await Promise.all(texts)) counts.set(text, (counts.get(text) ?? 0) + 1);
process.send!([...counts].map(([text, count]) => ({ text, readers: count })));
