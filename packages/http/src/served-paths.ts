import type { FastifyInstance } from 'fastify';

/** Which methods each path takes, for those who come with another one. */
export class ServedPaths {
  readonly #methods = new Map<string, Set<string>>();

  /** Learns of every route that is added from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      const methods = this.#methods.get(url) ?? new Set();
      this.#methods.set(url, methods);
      for (const one of [method].flat()) methods.add(one);
    });
  }

  /** Empty where nothing is served. */
  methodsAt(path: string): readonly string[] {
    const segments = path.split('/');
    const methods = new Set<string>();
    for (const [url, served] of this.#methods)
      if (isAt(url.split('/'), segments)) for (const method of served) methods.add(method);
    return [...methods];
  }
}

function isAt(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, i) => (part.startsWith(':') ? segments[i] !== '' : part === segments[i]));
}
