/** So many messages are on their way at once, if the broker takes as many. */
const MESSAGES_MAX = 256;

/** And so much of them, or one that is larger. */
const BYTES_MAX = 4 * 1024 * 1024;

/** How much is on its way to the broker, and whether more may be. */
export class SendWindow {
  #messages = 0;
  #bytes = 0;
  /** The broker took this one not: up to it they go one by one, or those behind it would be told again at each attempt. */
  #refusedTo = 0;

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  hasRoomFor(bytes: number, { cursor, brokerMax }: { readonly cursor: number; readonly brokerMax: number }): boolean {
    const messagesMax = cursor < this.#refusedTo ? 1 : Math.min(MESSAGES_MAX, brokerMax);
    return this.#messages < messagesMax && (this.isEmpty || this.#bytes + bytes <= BYTES_MAX);
  }

  sent(bytes: number): void {
    this.#messages++;
    this.#bytes += bytes;
  }

  /** It was acknowledged, or will not be. */
  settled(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  refused(offset: number): void {
    this.#refusedTo = offset;
  }
}
