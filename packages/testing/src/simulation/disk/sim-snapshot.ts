import { AbstractSnapshot } from 'abstract-level';
import type { SortedView } from './sorted-map.ts';

/** What abstract-level's types leave out: its constructor takes the database that closes the snapshot. */
const Snapshot = AbstractSnapshot as new (options: object) => AbstractSnapshot;

export class SimSnapshot extends Snapshot {
  readonly view: SortedView;

  constructor(view: SortedView, options: object) {
    super(options);
    this.view = view;
  }
}
