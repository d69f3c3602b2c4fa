/** What the client needs of whatever it runs on; tests have one of their own. */
export interface Platform {
  readonly fetch: Fetch;
  /** A clock that never goes back. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** A name that nobody else has. */
  id(): string;
  /** Calls back once, unless it is cleared before. */
  later(delayMs: number, callback: () => void): () => void;
}

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export function platformWith(fetch: Fetch | undefined): Platform {
  return {
    // Called as it stands: browsers refuse their own when it is called on another object.
    fetch: fetch ?? ((url, init) => globalThis.fetch(url, init)),
    now: () => performance.now(),
    random: () => Math.random(),
    // `crypto.randomUUID` is kept from pages that did not come over TLS.
    id: () => hexOf(crypto.getRandomValues(new Uint8Array(16))),
    later: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Resolves later; rejects with the reason of a signal that is aborted before. */
export function sleep(platform: Platform, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) throw signal.reason as Error;
    const onAbort = (): void => {
      clear();
      reject(signal?.reason as Error);
    };
    const clear = platform.later(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
