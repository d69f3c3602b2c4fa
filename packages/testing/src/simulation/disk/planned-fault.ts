/** A fault that waits for its time: it strikes once, when it is next asked for or after some more times. */
export class PlannedFault<Fault> {
  #fault: Fault | undefined;
  #skip = 0;

  plan(fault: Fault, skip: number): void {
    this.#fault = fault;
    this.#skip = skip;
  }

  /** The fault when this is its time. */
  strike(): Fault | undefined {
    if (this.#fault === undefined || this.#skip-- > 0) return undefined;
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }
}
