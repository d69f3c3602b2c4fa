import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { qualitiesOf } from '../request.ts';

export type ContentEncoding = 'identity' | 'gzip' | 'zstd';

type Compress = (bytes: Buffer) => Promise<Buffer>;

/** Beyond this level a page takes half as long again, and is a thirtieth smaller. */
const GZIP_LEVEL = 4;

const gzip: Compress = (bytes) => promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip)(bytes, { level: GZIP_LEVEL });

/** Node has it from 22.15 on. */
const { zstdCompress } = zlib as { readonly zstdCompress?: (bytes: Buffer, done: ZlibDone) => void };
type ZlibDone = (error: Error | null, result: Buffer) => void;

/** What this node can encode, best first. */
const COMPRESS: ReadonlyMap<ContentEncoding, Compress> = new Map([
  ...(zstdCompress === undefined ? [] : [['zstd', promisify(zstdCompress)] as const]),
  ['gzip', gzip] as const,
]);

/** The best that a client takes, of those that this node has; as it is when there is none. */
export function encodingFor(acceptEncoding: string | undefined): ContentEncoding {
  if (acceptEncoding === undefined) return 'identity';
  const wanted = qualitiesOf(acceptEncoding);
  const others = wanted.get('*') ?? 0;
  const qualityOf = (encoding: ContentEncoding): number => wanted.get(encoding) ?? others;
  // Sorting keeps the order of those that are wanted alike.
  const [best] = [...COMPRESS.keys()].toSorted((a, b) => qualityOf(b) - qualityOf(a));
  const plain = wanted.get('identity') ?? 0;
  return best === undefined || qualityOf(best) === 0 || qualityOf(best) < plain ? 'identity' : best;
}

/** Works beside this process's other work. */
export function compressed(encoding: Exclude<ContentEncoding, 'identity'>, bytes: Buffer): Promise<Buffer> {
  return COMPRESS.get(encoding)!(bytes);
}
