import type { ExampleRequest } from '../example-request.ts';
import { markup, type Html } from './html.ts';

/** Where a node is that nobody has told otherwise; the page puts the node there that it came from. */
const ORIGIN = 'http://127.0.0.1:7400';

/** A request as it would be typed into a shell. */
export function curlLine({ method, path, contentType, body }: ExampleRequest): Html {
  const verb = method === 'GET' ? '' : method === 'HEAD' ? ' -I' : ` -X ${method}`;
  const ends = [
    ...(contentType === null ? [] : [`-H 'content-type: ${contentType}'`]),
    ...(body === null ? [] : [`-d ${quoted(body)}`]),
  ].map((part) => ` \\\n  ${part}`);
  return markup`curl${verb} '<span class="origin">${ORIGIN}</span>${path}'${ends.join('')}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
