// `npm start`: a leader and a follower with their data under ./skein-data, to try Skein by hand.
import { loadBundle } from '../dist/bundle/load.js';

await loadBundle().contents.startQuickly();
