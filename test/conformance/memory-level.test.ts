import { createMemoryLevel, storeConformance } from '@skein/testing';
import { describe, it } from 'vitest';

describe('a store on memory-level', () => storeConformance({ describe, it }, createMemoryLevel));
