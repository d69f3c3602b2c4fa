import { SimDisk, SimLevel, storeConformance, type LevelUnderTest } from '@skein/testing';
import { describe, it } from 'vitest';

async function createSimLevel(): Promise<LevelUnderTest> {
  return { level: new SimLevel(new SimDisk()), remove: async () => undefined };
}

describe('a store on a simulated disk', () => storeConformance({ describe, it }, createSimLevel));
