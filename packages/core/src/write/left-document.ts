import { makeVersion, type Epoch, type JsonText, type Version } from '@skein/protocol';
import type { Made } from '../document.ts';
import type { UnplacedLine } from '../mesh/plan-mesh.ts';
import type { Current } from './plan-operation.ts';

/** A document as a line leaves it. Hardly anybody asks for more than whether it is there. */
export class LeftDocument implements Current {
  readonly #line: UnplacedLine;
  readonly #offset: number;
  readonly #epoch: Epoch;

  constructor(line: UnplacedLine, offset: number, epoch: Epoch) {
    this.#line = line;
    this.#offset = offset;
    this.#epoch = epoch;
  }

  get version(): Version {
    return makeVersion(this.#offset, this.#epoch);
  }

  get ts(): number {
    return this.#line.stamped?.stamp.ms ?? this.#line.made.ts;
  }

  valueText(): JsonText {
    return this.#line.valueText!;
  }

  made(): Made | undefined {
    return this.#line.stamped;
  }
}
