#!/usr/bin/env node
import { loadBundle } from '../dist/bundle/load.js';

await loadBundle().contents.runCommand();
