// The page: what it does it writes to the database, and what it shows is what the database says has changed.
import { connect } from '@skein/client';

const nodes = await (await fetch('/nodes.json')).json();
const todos = connect(nodes).collection('todos');

const [form, list, state] = ['form', 'ul', '#state'].map((selector) => document.querySelector(selector));
const items = new Map();

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void todos.put(`${Date.now()}-${Math.random()}`, { text: form.text.value, done: false });
  form.reset();
});

function render() {
  const sorted = [...items].toSorted(([a], [b]) => (a < b ? -1 : 1));
  list.replaceChildren(...sorted.map(([key, item]) => rowOf(key, item)));
}

function rowOf(key, { text, done }) {
  const row = document.createElement('li');
  row.className = done ? 'done' : '';
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: done });
  box.addEventListener('change', () => void todos.patch(key, { done: box.checked }));
  const label = Object.assign(document.createElement('span'), { textContent: text });
  const remove = Object.assign(document.createElement('button'), { textContent: '✕' });
  remove.addEventListener('click', () => void todos.delete(key));
  row.append(box, label, remove);
  return row;
}

for await (const event of todos.changes()) {
  if (event.kind === 'change' && event.change.op === 'put') items.set(event.change.key, event.change.value);
  if (event.kind === 'change' && event.change.op === 'delete') items.delete(event.change.key);
  if (event.kind === 'reset') items.clear();
  if (event.kind === 'position') render();
  if (event.kind === 'position' && event.isLive) state.textContent = 'up to date';
  if (event.kind === 'offline') state.textContent = 'the database cannot be reached; trying again';
}
