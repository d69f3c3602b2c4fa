/** Those who want to be told of something. */
export class Listeners<News> {
  readonly #listeners = new Set<(news: News) => void>();

  /** Told of all that comes from now on; call the answer to stop, or say until when. */
  add(listener: (news: News) => void, until?: AbortSignal): () => void {
    this.#listeners.add(listener);
    const stop = (): void => void this.#listeners.delete(listener);
    until?.addEventListener('abort', stop, { once: true });
    return stop;
  }

  tell(news: News): void {
    for (const listener of this.#listeners) listener(news);
  }
}
