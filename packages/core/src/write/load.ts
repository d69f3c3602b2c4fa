/**
 * Many changes that come as several requests, which need not be atomic. They are taken in order, and none behind one that was
 * refused: who sends them wants to know how far it came, and go on from there.
 */
export class Load {
  #refusal: { readonly error: unknown } | null = null;

  /** None of it is taken from now on. */
  refuse(error: unknown): void {
    this.#refusal ??= { error };
  }

  assertNotRefused(): void {
    if (this.#refusal !== null) throw this.#refusal.error;
  }
}
