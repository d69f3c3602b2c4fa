// `npm start`: a leader and a follower with their data under ./skein-data, to try Skein by hand.
import { startQuickly } from '../bundle/quick-start.js';

await startQuickly();
