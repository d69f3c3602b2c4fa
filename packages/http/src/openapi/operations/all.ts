import type { Group } from '../operation.ts';
import { collectionOperations } from './collections.ts';
import { copyOperations } from './copies.ts';
import { definitionOperations } from './definitions.ts';
import { documentOperations } from './documents.ts';
import { feedOperations } from './feed.ts';
import { memberOperations } from './members.ts';
import { meshOperations } from './mesh.ts';
import { selfOperations } from './self.ts';
import { statusOperations } from './status.ts';

/** All that a node serves, in the order in which it is looked for. */
export const GROUPS: readonly Group[] = [
  documentOperations,
  collectionOperations,
  definitionOperations,
  feedOperations,
  statusOperations,
  copyOperations,
  memberOperations,
  meshOperations,
  selfOperations,
];
